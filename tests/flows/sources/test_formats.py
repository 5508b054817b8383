import gzip
import re
from pathlib import Path

import pytest

from domain.errors import InputError
from flows.sources.formats import open_input
from flows.sources.recorded import Recording
from flows.sources.tables import Table
from tests.flows.venues.test_binance import SPOT, line


@pytest.mark.parametrize("name", ["x", "x.csv", "x.parquet"])
def test_the_content_decides_and_not_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"broken line\n" + line(SPOT)))
    assert isinstance(open_input(path, None, {}, None), Recording)
    path.write_bytes(b"ts,price,size\n1723161240,1,1\n")
    table = open_input(path, "x:Y", {}, None)
    assert isinstance(table, Table)
    assert table.kind == "trades"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "input 'x' is empty; leave it out"),
        (b"\n\n", "input 'x' is empty; leave it out"),
        (b"PK\x03\x04...", "input 'x' is a zip archive; unpack it"),
        (b"FEA1....", "input 'x' is Feather version 1; write it as version 2 with pyarrow.feather.write_feather"),
        (b"\x28\xb5\x2f\xfd.", "input 'x' is compressed with zstd; unpack it, or compress it with gzip"),
        (b"\x7fELF\0\0\1", "input 'x' is neither Parquet, Feather, CSV nor a recording"),
        (
            b'{"e":"trade"}\n',
            "input 'x' holds JSON without receive times and without trades; a recording",
        ),
        (b"PAR1 but no more", "input 'x' cannot be read: "),
    ],
)
def test_unsupported_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(message)):
        open_input(path, "x:Y", {}, None)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"input '.*none.csv' cannot be opened: No such file or directory; check the"):
        open_input(tmp_path / "none.csv", None, {}, None)
    with pytest.raises(InputError, match=r"input '.*' is a directory; name the files in it"):
        open_input(tmp_path, None, {}, None)
