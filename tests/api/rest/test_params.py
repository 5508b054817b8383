from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from api.errors import INVALID_PARAMETER, ProblemError
from api.rest.params import MAX_PARAMETERS, Fraction, Instant, Name, Timeframe, canonical_timeframe, parse


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    name: Name | None = None
    count: Annotated[int, Meta(ge=1, le=1000)] | None = None
    share: Fraction | None = None
    flag: bool | None = None
    kind: Literal["one", "two"] | None = None
    at: Instant | None = None
    frame: Timeframe | None = None


class ById(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(pattern="^[0-9]+$")]
    size: int = 3


def faults(query: bytes, record: type[msgspec.Struct] = Filters, path: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(ProblemError) as caught:
        parse(record, query, path)
    assert caught.value.kind is INVALID_PARAMETER
    return {fault.name: fault.detail for fault in caught.value.faults}


@given(
    st.builds(
        Filters,
        name=st.none() | st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=200),
        count=st.none() | st.integers(1, 1000),
        share=st.none() | st.floats(0, 1),
        flag=st.none() | st.booleans(),
        kind=st.none() | st.sampled_from(["one", "two"]),
        at=st.none() | st.datetimes(timezones=st.just(UTC)),
        frame=st.none() | st.sampled_from(["1m", "60m", "99999d"]),
    )
)
def test_encoded_parameters_parse_back(filters: Filters) -> None:
    values = {name: value for name, value in msgspec.to_builtins(filters).items() if value is not None}
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}
    assert parse(Filters, urlencode(texts).encode()) == filters


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda text: urlencode({"name": text}).encode()))
def test_any_query_parses_or_raises_a_problem(query: bytes) -> None:
    with suppress(ProblemError):
        assert isinstance(parse(Filters, query), Filters)


@pytest.mark.parametrize(
    ("query", "name", "detail"),
    [
        (b"count=0", "count", "Expected `int` >= 1; got '0'"),
        (b"count=1001", "count", "Expected `int` <= 1000; got '1001'"),
        (b"count=", "count", "must be an integer; got ''"),
        (b"count=1.0", "count", "must be an integer; got '1.0'"),
        (b"count=+5", "count", "must be an integer; got ' 5'"),
        (b"count=%D9%A3", "count", "must be an integer; got '٣'"),
        (b"count=null", "count", "must be an integer; got 'null'"),
        (b"share=1.1", "share", "Expected `float` <= 1.0; got '1.1'"),
        (b"share=nan", "share", "must be a number; got 'nan'"),
        (b"share=.5", "share", "must be a number; got '.5'"),
        (b"flag=1", "flag", "must be true or false; got '1'"),
        (b"flag=True", "flag", "must be true or false; got 'True'"),
        (b"kind=three", "kind", "must be one of one, two; got 'three'"),
        (b"at=0.5", "at", "Invalid RFC3339 encoded datetime; got '0.5'"),
        (b"at=2026-01-01", "at", "Invalid RFC3339 encoded datetime; got '2026-01-01'"),
        (b"at=2026-01-01T00:00:00", "at", "Expected `datetime` with a timezone component; got '2026-01-01T00:00:00'"),
        (
            b"name=",
            "name",
            (
                "Expected `str` matching regex '^[^\\\\x00-\\\\x20\\\\x7f-\\\\xa0"
                "\\\\u1680\\\\u2000-\\\\u200a\\\\u2028\\\\u2029\\\\u202f\\\\u205f\\\\u3000\\\\ufeff]{1,200}$'; got ''"
            ),
        ),
        (b"name=a%00", "name", "must not contain control characters; got 'a\\x00'"),
        (b"name=a%0A", "name", "must not contain control characters; got 'a\\n'"),
        (b"frame=5", "frame", "Expected `str` matching regex '^[1-9][0-9]{0,4}[smhd]$'; got '5'"),
        (b"flag=true&flag=true", "flag", "is repeated; send it once"),
        (b"nmae=x", "nmae", "unknown parameter; valid parameters: at, count, flag, frame, kind, name, share"),
    ],
)
def test_fault_names_the_parameter_the_value_and_the_way_out(query: bytes, name: str, detail: str) -> None:
    assert faults(query) == {name: detail}


def test_all_faults_are_reported_together() -> None:
    assert set(faults(b"count=0&share=2&x=1")) == {"count", "share", "x"}


def test_a_long_value_is_shortened_in_the_detail() -> None:
    assert len(faults(b"kind=" + b"x" * 5000)["kind"]) < 200


def test_an_instant_is_converted_to_utc() -> None:
    at = parse(Filters, b"at=2026-01-01T02:00:00%2B02:00").at
    assert at == datetime(2026, 1, 1, tzinfo=UTC)
    assert at is not None
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "clamped"),
    [("0001-01-01T00:00:00%2B01:45", datetime.min), ("9999-12-31T23:59:59-00:01", datetime.max)],
)
def test_an_instant_beyond_the_years_of_utc_is_clamped(text: str, clamped: datetime) -> None:
    assert parse(Filters, f"at={text}".encode()).at == clamped.replace(tzinfo=UTC)


def test_an_offset_with_an_unescaped_plus_is_refused() -> None:
    assert set(faults(b"at=2026-01-01T02:00:00+02:00")) == {"at"}


@pytest.mark.parametrize("query", [b"name=%FF", b"name=\xff", b"&".join([b"name=a"] * (MAX_PARAMETERS + 1))])
def test_an_undecodable_or_too_long_query_is_refused_as_a_whole(query: bytes) -> None:
    assert faults(query) == {}


def test_path_parameters_cannot_be_set_by_the_query() -> None:
    assert parse(ById, b"size=4", {"id": "12"}) == ById("12", 4)
    assert faults(b"id=13", ById, {"id": "12"}) == {"id": "unknown parameter; valid parameters: size"}
    assert faults(b"", ById) == {"id": "is required"}


def test_a_timeframe_has_one_canonical_name() -> None:
    assert [canonical_timeframe(text) for text in ("60m", "1h", "90m", "1440m")] == ["1h", "1h", "90m", "1d"]
