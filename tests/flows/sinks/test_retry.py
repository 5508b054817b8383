import time

import pytest

from domain.errors import ServiceError
from flows.sinks.retry import retry


class Service:
    """Fails for its first calls."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    def work(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise ServiceError(f"away {self.calls}")
        return "done"


def test_successful_work_runs_once() -> None:
    service = Service(0)
    assert retry(service.work, timeout_s=0) == "done"
    assert service.calls == 1


def test_an_unavailable_service_is_waited_for() -> None:
    service = Service(3)
    assert retry(service.work, timeout_s=60) == "done"
    assert service.calls == 4


def test_timeout_raises_the_last_error() -> None:
    service, began = Service(1_000), time.monotonic()
    with pytest.raises(ServiceError) as caught:
        retry(service.work, timeout_s=0.2)
    assert time.monotonic() - began >= 0.2
    assert str(caught.value) == f"away {service.calls}"
    assert 2 <= service.calls < 10


def test_other_errors_are_not_retried() -> None:
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        retry(broken, timeout_s=60)
    assert calls == [1]
