"""spot_whales, align_whales and grade_wallets as steps of a dataflow, killed and resumed."""

from datetime import timedelta

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, run_main

from domain.instruments import SHARDS
from operators.align_whales import AlignWhales, align_whales
from operators.grade_wallets import GradeWallets, grade_wallets
from operators.spot_whales import SpotWhales, spot_whales
from tests.naive import canonical
from tests.whales import EAGER, beat, blocks, messy_log


def test_a_dataflow_says_what_the_machines_say_although_it_was_killed(tmp_path):
    log = blocks(messy_log(7, 150))
    end = beat(100 * 86_400)
    machines, aligned, wallets = [SpotWhales(EAGER) for _ in range(SHARDS)], AlignWhales(), GradeWallets(EAGER)
    items = [("3", block) for block in log] + [(str(shard), end) for shard in range(SHARDS)]
    expected = []
    for shard, block in items:
        for found in machines[int(shard)].on_batch([block])[0]:
            for one in aligned.on_batch([(shard, found)])[0]:
                expected += wallets.on_batch([one])[0]

    items.insert(90, TestingSource.ABORT())
    out = []
    flow = Dataflow("whales")
    found = spot_whales("spot", op.input("in", flow, TestingSource(items, batch_size=4)), EAGER)
    op.output("out", grade_wallets("grade", align_whales("align", found), EAGER), TestingSink(out))
    init_db_dir(tmp_path, 1)
    for _ in range(2):
        run_main(flow, epoch_interval=timedelta(0), recovery_config=RecoveryConfig(str(tmp_path)))
    # What was said since the last epoch before the end is said again, the same.
    said = {row for _, each in out for row in _split(each.rows)}
    assert said == {row for each in expected for row in _split(each.rows)}
    assert len(said) > 20


def _split(rows):
    return [canonical(rows[at : at + 1]) for at in range(rows.size)]
