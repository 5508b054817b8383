"""Logs are rotated without affecting their writers."""

from pathlib import Path

from flows.services.rotation import rotate


def test_only_large_logs_are_rotated(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_bytes(b"x" * 101)
    (tmp_path / "engine.log.1").write_bytes(b"older")
    (tmp_path / "api.log").write_bytes(b"y" * 100)
    rotate(tmp_path, size_max=100)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {"engine.log": 0, "engine.log.1": 101, "api.log": 100}


def test_writer_continues_after_the_truncation(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    with log.open("ab") as writer:
        writer.write(b"first\n")
        writer.flush()
        rotate(tmp_path, size_max=1)
        writer.write(b"second\n")
        writer.flush()
        assert log.read_bytes() == b"second\n"
