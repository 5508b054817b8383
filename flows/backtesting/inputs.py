"""Inputs: what a backtest stood on, by content: files, settings and the code of the ideas."""

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

ELSEWHERE = frozenset({"epoch_ms", "recovery_directory", "recovery_partitions", "host", "port", "stalled_s"})
"""Settings of the engine that change nothing in what it concludes."""


def input_files(paths: list[str]) -> list[InputFile]:
    """The files, each content once, in the order of their hashes: names and order do not matter."""
    found = {}
    for path in map(Path, paths):
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        found[digest] = InputFile(path.name, path.stat().st_size, digest)
    return [found[digest] for digest in sorted(found)]


def deciding(plan: Plan, settings: EngineSettings, warmup_share: float) -> dict[str, Any]:
    """All that decides the output, but for the data."""
    intelligence: Intelligence = plan.intelligence
    engine = {name: value for name, value in msgspec.to_builtins(settings).items() if name not in ELSEWHERE}
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
        "code": code(),
    }


def config_hash(settings: dict[str, Any]) -> str:
    """The hash of what decides the output."""
    return hashlib.sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()


def code() -> str:
    """The hash of the engine's source: who turns a knob inside a strategy has tried another one."""
    digest = hashlib.sha256()
    for room in (domain, operators):
        root = Path(room.__file__ or "").parent
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
