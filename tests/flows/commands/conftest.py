"""Fixtures of the commands: an instance in its own directory."""

from collections.abc import Iterator

import pytest

from tests.flows.services.instance import Trial


@pytest.fixture
def trial() -> Iterator[Trial]:
    trial = Trial()
    yield trial
    trial.close()
