"""Fixtures of the commands: an instance in a directory of its own."""

from collections.abc import Iterator

import pytest

from tests.flows.services.instance import Trial


@pytest.fixture
def trial() -> Iterator[Trial]:
    trial = Trial()
    yield trial
    trial.close()
