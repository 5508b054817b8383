"""Inputs: identify the input of a backtest by content: files, settings and code."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

import domain
import operators
from flows.backtesting.report import InputFile
from flows.intelligence import Intelligence
from flows.replay import Plan
from flows.settings import EngineSettings

NON_DECIDING = frozenset({"epoch_ms", "recovery_directory", "recovery_partitions", "host", "port", "stalled_s"})
"""Settings of the engine that do not affect its results."""


def input_files(paths: list[str]) -> list[InputFile]:
    """The distinct files by content, ordered by hash: their names and order do not matter."""
    found = {}
    for path in map(Path, paths):
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        found[digest] = InputFile(path.name, path.stat().st_size, digest)
    return [found[digest] for digest in sorted(found)]


def deciding_settings(plan: Plan, settings: EngineSettings, warmup_share: float) -> dict[str, Any]:
    """All settings, and the hash of the code, that affect the results."""
    intelligence: Intelligence = plan.intelligence
    engine = {name: value for name, value in msgspec.to_builtins(settings).items() if name not in NON_DECIDING}
    return {
        "engine": engine,
        **msgspec.to_builtins(intelligence),
        "reading": {
            "instrument": plan.instrument,
            "mapping": plan.mapping,
            "frame": plan.frame,
            "end_ns": plan.end_ns,
        },
        "warmup_share": warmup_share,
        "code": code_hash(),
    }


def config_hash(settings: dict[str, Any]) -> str:
    """The hash of all that affects the results except the data."""
    return hashlib.sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()


def code_hash() -> str:
    """The hash of the engine's source code: a changed constant in a strategy is another attempt."""
    digest = hashlib.sha256()
    for package in (domain, operators):
        root = Path(package.__file__ or "").parent
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
