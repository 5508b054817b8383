"""The lock files pin every dependency to a version that pyproject.toml allows, with hashes and without URLs."""

import re
import tomllib
from itertools import pairwise

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.checkout import ROOT

FULL, RUNTIME = "requirements.lock", "requirements-runtime.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = [Requirement(text) for extra in PROJECT["optional-dependencies"].values() for text in extra]

COMMENT = re.compile(r"\s*#.*")
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(lock: str) -> dict[str, str]:
    """Package name to pinned version."""
    matches = [PIN.fullmatch(line) for line in (ROOT / lock).read_text().splitlines()]
    return {pin["name"]: pin["version"] for pin in matches if pin}


@pytest.mark.parametrize(("lock", "needed"), [(RUNTIME, DECLARED), (FULL, DECLARED + EXTRAS)])
def test_every_dependency_is_locked(lock: str, needed: list[Requirement]) -> None:
    locked = pins(lock)
    missing = [
        str(requirement)
        for requirement in needed
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"))
    ]
    assert missing == [], "run .ci/lock"


@pytest.mark.parametrize("lock", [RUNTIME, FULL])
def test_lock_has_only_pins_and_hashes(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    unexpected = [line for line in lines if not any(pattern.fullmatch(line) for pattern in (COMMENT, PIN, HASH))]
    assert unexpected == [], "no options, URLs or paths"
    assert not any("/" in line.replace(".ci/lock", "") for line in lines)
    following = [HASH.fullmatch(after) for line, after in pairwise(lines) if PIN.fullmatch(line)]
    assert all(following), "a version without a hash"


def test_image_and_development_use_the_same_versions() -> None:
    assert pins(RUNTIME).items() <= pins(FULL).items()
