"""Batches: Parquet, Arrow (Feather) and CSV files as Arrow batches, from any row on.

CSV cells are read as text, so that a cell which is not a number invalidates its row and not its column
(`flows.sources.cells`).
"""

import csv
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
from numpy.typing import NDArray

from domain.errors import InputError
from domain.slices import Reject
from flows.sources.inputs import RAW_BYTES
from flows.sources.lines import Lines, read_lines


class Batch(NamedTuple):
    """Some rows of a table.

    Attributes
    ----------
    columns
        The requested columns.
    numbers
        Number of each row, from 1; in CSV, of its line.
    raw
        Returns the row at an index as bytes.
    rejects
        Lines that are not a valid row.
    consumed
        Number of rows (in CSV: lines) up to the end of this batch.
    """

    columns: pa.RecordBatch
    numbers: NDArray[np.int64]
    raw: Callable[[int], bytes]
    rejects: list[Reject]
    consumed: int


class Table(Protocol):
    """A file of rows and columns."""

    names: list[str]

    def read(self, columns: Sequence[str], skip: int, at_most: int) -> Iterator[Batch]:
        """The rows after the first `skip` (in CSV: lines), at most `at_most` at a time."""
        ...


def open_table(path: Path, mapping: Mapping[str, str]) -> Table:
    """Open the table in `path`; its format is detected from its first bytes.

    Parameters
    ----------
    mapping
        The user's column mapping. If it has numbers that are not column names of a CSV file, the file has no
        header, and its columns are numbered from 0.

    Raises
    ------
    InputError
        If the file cannot be opened in its detected format.
    """
    with path.open("rb") as file:
        magic = file.read(6)
    try:
        if magic.startswith(b"PAR1"):
            return ParquetTable(path)
        if magic == b"ARROW1" or magic.startswith(b"\xff\xff\xff\xff"):
            return ArrowTable(path)
    except (pa.ArrowException, OSError) as problem:
        raise InputError(f"input {path.name!r} cannot be read: {problem}") from None
    return CsvTable(path, mapping)


class ParquetTable:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        schema = pyarrow.parquet.read_schema(path)
        self.names = list(schema.names)
        self._texts = [field.name for field in schema if pa.types.is_string(field.type)]

    def read(self, columns: Sequence[str], skip: int, at_most: int) -> Iterator[Batch]:
        """See `Table`. Skipped row groups are not read."""
        # Strings stay dictionary-encoded as stored: symbols and sides repeat.
        with pyarrow.parquet.ParquetFile(self._path, read_dictionary=self._texts) as file:
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            ends = np.cumsum([0, *sizes])
            group = int(np.searchsorted(ends[1:], skip, side="right"))
            batches = file.iter_batches(at_most, row_groups=list(range(group, len(sizes))), columns=list(columns))
            yield from _numbered(batches, int(ends[group]), skip, at_most)


class ArrowTable:
    """An Arrow file (Feather version 2) or an Arrow stream."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with pa.memory_map(str(path)) as source:
            self.names = list(self._open(source).schema.names)

    def read(self, columns: Sequence[str], skip: int, at_most: int) -> Iterator[Batch]:
        """See `Table`. The file is memory-mapped; only the pages of the requested columns are read."""
        with pa.memory_map(str(self._path)) as source:
            file = self._open(source)
            if isinstance(file, pa.ipc.RecordBatchFileReader):
                batches = (file.get_batch(at) for at in range(file.num_record_batches))
            else:
                batches = (batch for batch in file)
            yield from _numbered((batch.select(list(columns)) for batch in batches), 0, skip, at_most)

    def _open(self, source: pa.MemoryMappedFile) -> pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader:
        try:
            return pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            return pa.ipc.open_stream(source)


class CsvTable:
    """A CSV file, gzip or plain, delimited by comma, semicolon, tab or vertical bar; every line is a row."""

    def __init__(self, path: Path, mapping: Mapping[str, str]) -> None:
        self._path = path
        first = next((chunk.lines[0] for chunk in read_lines(path, at_most=1) if chunk.lines), b"")
        first = first.removeprefix(BOM_UTF8)
        self._delimiter = max((b",", b";", b"\t", b"|"), key=first.count)
        cells = [
            cell.strip() for cell in self._unquoted(first).decode("utf-8", "replace").split(self._delimiter.decode())
        ]
        numbered = any(column[:1].isdigit() and column not in cells for column in mapping.values())
        self._header = not numbered
        self.names = [str(number) for number in range(len(cells))] if numbered else cells
        if self._header and any(map(_is_number, cells)):
            raise InputError(
                f"input {path.name!r} has no header line; name its columns by number, from 0: "
                f"--map ts=0 --map price=1 --map size=2"
            )

    def read(self, columns: Sequence[str], skip: int, at_most: int) -> Iterator[Batch]:
        """See `Table`; `skip` counts lines, the header too."""
        for chunk in read_lines(self._path, skip=skip, at_most=at_most):
            start = 1 if self._header and chunk.first == 1 else 0
            kept = [at for at in range(start, len(chunk.lines)) if chunk.lines[at].strip()]
            yield self._parse(columns, chunk, kept)

    def _parse(self, columns: Sequence[str], chunk: Lines, kept: list[int]) -> Batch:
        """Parse the lines at the indices `kept`; their cells stay text."""
        invalid: dict[int, str] = {}

        def reject(row: pa.csv.InvalidRow) -> Literal["skip"]:
            assert row.number is not None, "only parallel parsing has no row numbers"
            invalid[kept[row.number - 1]] = f"line has {row.actual_columns} columns and not {row.expected_columns}"
            return "skip"

        table = pa.table({name: pa.array([], pa.string()) for name in columns})
        if kept:
            text = self._one_row_a_line([chunk.lines[at] for at in kept])
            table = pa.csv.read_csv(
                BytesIO(text),
                pa.csv.ReadOptions(use_threads=False, column_names=self.names, block_size=len(text) + 1),
                pa.csv.ParseOptions(
                    delimiter=self._delimiter.decode(),
                    quote_char=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=reject,
                ),
                pa.csv.ConvertOptions(include_columns=list(columns), column_types=dict.fromkeys(columns, pa.string())),
            )
        good = [at for at in kept if at not in invalid]
        name, first = self._path.name, chunk.first
        rejects = [Reject(name, first + at, reason, chunk.lines[at][:RAW_BYTES]) for at, reason in invalid.items()]
        if chunk.damage:
            rejects.append(Reject(name, first, chunk.damage))
        return Batch(
            columns=pa.RecordBatch.from_arrays(
                [table.column(name).combine_chunks() for name in columns], list(columns)
            ),
            numbers=np.array(good, np.int64) + first,
            raw=lambda row: chunk.lines[good[row]],
            rejects=rejects,
            consumed=first + max(1, len(chunk.lines)) - 1,
        )

    def _one_row_a_line(self, lines: list[bytes]) -> bytes:
        """The lines as UTF-8 without quotes, so that a stray quote or byte invalidates only its own line."""
        text = b"\n".join(lines) + b"\n"
        if b'"' in text:
            text = b"\n".join([self._unquoted(line) if b'"' in line else line for line in lines]) + b"\n"
        return text.replace(b"\r", b" ").decode("utf-8", "replace").encode()

    def _unquoted(self, line: bytes) -> bytes:
        """The line with its quotes removed; a delimiter inside a quoted cell becomes a space."""
        delimiter = self._delimiter.decode()
        text = line.replace(b"\r", b" ").decode("utf-8", "replace")
        try:
            cells = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:  # a cell of more than 128 KiB
            cells = []
        return delimiter.join(cell.replace(delimiter, " ") for cell in cells).encode()


def _numbered(batches: Iterable[pa.RecordBatch], before: int, skip: int, at_most: int) -> Iterator[Batch]:
    """Number the rows from `before` + 1, skip those up to `skip`, and split the batches into `at_most` rows."""
    for batch in batches:
        start = min(max(0, skip - before), batch.num_rows)
        for at in range(start, batch.num_rows, at_most):
            part = batch.slice(at, at_most)
            first = before + at + 1
            numbers = np.arange(first, first + part.num_rows)
            yield Batch(part, numbers, partial(_row_as_json, part), [], first + part.num_rows - 1)
        before += batch.num_rows


def _row_as_json(batch: pa.RecordBatch, at: int) -> bytes:
    row = batch.slice(at, 1)
    return msgspec.json.encode({name: row.column(name).cast(pa.string())[0].as_py() for name in row.schema.names})


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
