"""`reset` deletes nothing without confirmation."""

import subprocess
import sys

from tests.flows.services.instance import Trial


def test_reset_asks_first(trial: Trial) -> None:
    trial.home.create()
    done = subprocess.run(
        [sys.executable, "-m", "flows", "reset"],
        env=trial.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "signalengine: 'reset' deletes data and there is no terminal to confirm it; add --yes\n",
    )
    assert trial.home.logs.exists()
