import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InputError
from flows.sources import lines
from flows.sources.lines import read_lines

text = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n\n", b"1234567"]), max_size=30).map(b"".join)


def expected(content: bytes) -> list[bytes]:
    return content.removesuffix(b"\n").split(b"\n") if content else []


@given(content=text, compressed=st.booleans(), at_most=st.integers(1, 5), block=st.integers(1, 9), data=st.data())
def test_lines_do_not_depend_on_how_they_are_read(
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    compressed: bool,
    at_most: int,
    block: int,
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    path.write_bytes(gzip.compress(content) if compressed else content)
    whole = expected(content)
    skip = data.draw(st.integers(0, len(whole) + 1))
    found: list[bytes] = []
    for chunk in read_lines(path, skip=skip, at_most=at_most, block_bytes=block):
        assert chunk.first == skip + len(found) + 1
        assert 1 <= len(chunk.lines) <= at_most
        assert not chunk.damage
        found += chunk.lines
    assert found == whole[skip:]


def test_a_truncated_gzip_file_is_read_and_reported(tmp_path: Path) -> None:
    content = b"".join(b"line %d %d\n" % (number, number**7) for number in range(50_000))
    path = tmp_path / "cut.gz"
    whole = gzip.compress(content)
    path.write_bytes(whole[: len(whole) // 2])
    chunks = list(read_lines(path))
    found = [line for chunk in chunks for line in chunk.lines]
    assert len(found) > 10_000
    assert content.startswith(b"\n".join(found))
    assert [chunk.damage[:36] for chunk in chunks if chunk.damage] == ["compressed data is damaged from here"]
    assert chunks[-1].first == len(found) + 1


def test_a_file_without_newlines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 100)
    path = tmp_path / "blob"
    path.write_bytes(b"x" * 1_000)
    with pytest.raises(InputError, match="input 'blob': line 1 is not text; check the file"):
        list(read_lines(path, block_bytes=60))
