"""Schemathesis: every operation accepts what the OpenAPI document allows, and refuses what it does not."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.security.settings import SecuritySettings
from store import executions, instruments, latest, opportunities, outcomes, wallets, whales
from store.instruments import Instrument
from store.latest import FeatureRow
from tests.api.builders import signal
from tests.api.conftest import Api
from tests.api.security.keys import make_key
from tests.opportunities import opportunity, settled
from tests.store import paper
from tests.until import until
from tests.whale_trades import ADDRESSES, wallet, whale

# Ids that exist, so that responses are more than empty lists and 404.
EXISTING = f"""
[[operations]]
include-path = "/api/v1/bars/{{symbol}}"
parameters = {{ symbol = "BTCUSDT" }}

[[operations]]
include-path = "/api/v1/features/{{symbol}}"
parameters = {{ symbol = "BTCUSDT" }}

[[operations]]
include-path = "/api/v1/wallets/{{id}}"
parameters = {{ id = "{ADDRESSES[1]}" }}
"""


def fill(api: Api) -> None:
    """Write some rows of every kind."""
    api.write([signal(number) for number in range(8)])
    graded, ends = paper.graded(60)
    api.write(graded)
    instruments.write(
        api.connection,
        [Instrument(name="sim:BTCUSDT", id=1, venue="sim", symbol="BTCUSDT", market_slug="btcusdt", simulated=True)],
    )
    latest.write(api.redis, [FeatureRow("sim:BTCUSDT", "5m", "2026-11-20T12:00:00Z", {"rsi": 61.25})], ttl_s=600)
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
        executions.write(api.connection, [*paper.trades(60), paper.trade(60, None)])
        opportunities.write(api.connection, [opportunity(1), settled(2)])
        whales.write(api.connection, [whale(number) for number in range(5)])
        wallets.write(api.connection, [wallet(1)])


def run(api: Api, directory: Path, *options: str) -> None:
    """Run all phases and all checks on all operations."""
    fill(api)
    (directory / "schemathesis.toml").write_text(EXISTING)
    result = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://{api.address}/openapi.json"),
            *("--checks", "all", "--continue-on-failure", "--no-color", *options),
        ],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    (operations,) = re.findall(r"Operations: +(\d+) selected / (\d+) total", result.stdout)
    expected = len(api.get("/openapi.json")["paths"]) - 1  # all but the document itself
    assert operations == (str(expected),) * 2


def test_responses_match_the_document(api: Api, tmp_path: Path) -> None:
    run(api, tmp_path, "--max-examples", "5", "--generation-deterministic")


@pytest.mark.slow
def test_responses_match_the_document_with_authentication(serve: Callable[..., Api], tmp_path: Path) -> None:
    security = SecuritySettings(authentication="required", requests_per_s=1e6, failures_per_minute=1e6)
    api = serve(security=security)
    text, key = make_key(api.connection, "admin")
    until(lambda: api.resources.access.keys.contains(key.id))
    run(api, tmp_path, "--max-examples", "5", "--generation-deterministic", "--header", f"Authorization: Bearer {text}")


@pytest.mark.slow
def test_responses_match_the_document_with_many_examples(api: Api, tmp_path: Path) -> None:
    run(api, tmp_path, "--max-examples", "500")
