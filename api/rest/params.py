"""Parameters: parse query and path parameters into a typed record, or raise a problem that lists each invalid one.

Unknown, repeated and malformed parameters are all refused: a filter that is silently ignored returns wrong
results that look right.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, inspect

from api.errors import INVALID_PARAMETER, Fault, ProblemError
from domain.frames import Frame

P = TypeVar("P", bound=msgspec.Struct)

MAX_PARAMETERS = 50
_SHOWN_MAX = 100
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_NAME = r"^[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]{1,200}$"

Name = Annotated[str, Meta(pattern=_NAME)]
"""1 to 200 characters without white space. The pattern lists every white-space character, since regular expression
dialects differ in what their class includes."""
Symbol = Annotated[str, Meta(pattern=_NAME, description="Symbol of the instrument.", examples=["BTCUSDT"])]
Venue = Annotated[str, Meta(pattern=_NAME, description="Venue of the instrument.", examples=["binance"])]
MarketSlug = Annotated[str, Meta(pattern=_NAME, description="Slug of the market.", examples=["btcusdt"])]
SignalType = Annotated[
    str, Meta(pattern=_NAME, description="Strategy that proposed the signal.", examples=["trend_breakout"])
]
Timeframe = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,4}[smhd]$",
        description="Duration of a bar: a number of seconds (s), minutes (m), hours (h) or days (d).",
        examples=["5m"],
    ),
]
Instant = Annotated[datetime, Meta(tz=True)]
Fraction = Annotated[float, Meta(ge=0, le=1)]


def parse(record: type[P], query: bytes, path: Mapping[str, str] | None = None) -> P:
    """Parse a query string and path parameters into a record.

    Parameters
    ----------
    record
        A Struct with a field for each parameter.
    query
        The raw query string.
    path
        Path parameters, as matched by the route.

    Raises
    ------
    ProblemError
        `INVALID_PARAMETER`, with one fault for each unknown, repeated, malformed or missing parameter.

    Examples
    --------
    >>> class Page(msgspec.Struct):
    ...     limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    >>> parse(Page, b"limit=20")
    Page(limit=20)
    >>> parse(Page, b"limit=0")
    Traceback (most recent call last):
        ...
    api.errors.ProblemError: limit: Expected `int` >= 1; got '0'
    """
    fields = _fields(record)
    texts = dict(path or {})
    faults: list[Fault] = []
    for name, text in _pairs(query):
        if name not in fields or name in (path or {}):
            valid = ", ".join(sorted(fields.keys() - (path or {}).keys())) or "none"
            faults.append(Fault(_shortened(name), f"unknown parameter; valid parameters: {valid}"))
        elif name in texts:
            faults.append(Fault(name, "is repeated; send it once"))
        else:
            texts[name] = text
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = _parse_value(fields[name], text)
        except ValueError as problem:
            faults.append(Fault(name, f"{problem}; got {_shortened(text)!r}"))
    faults += [Fault(name, "is required") for name, field in fields.items() if field.required and name not in texts]
    if faults:
        raise ProblemError(INVALID_PARAMETER, "; ".join(f"{fault.name}: {fault.detail}" for fault in faults), faults)
    return record(**values)


class _Field(msgspec.Struct, frozen=True):
    annotation: Any
    base: inspect.Type
    required: bool


@cache
def _fields(record: type[msgspec.Struct]) -> dict[str, _Field]:
    return {
        field.name: _Field(field.type, _base_type(inspect.type_info(field.type)), field.required)
        for field in msgspec.structs.fields(record)
    }


def _base_type(kind: inspect.Type) -> inspect.Type:
    """The type without its metadata and without null."""
    if isinstance(kind, inspect.Metadata):
        return _base_type(kind.type)
    if isinstance(kind, inspect.UnionType):
        (kind,) = (member for member in kind.types if not isinstance(member, inspect.NoneType))
        return _base_type(kind)
    return kind


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeError:
        raise ProblemError(INVALID_PARAMETER, "the query string is not percent-encoded UTF-8") from None
    except ValueError:
        raise ProblemError(INVALID_PARAMETER, f"the query string has more than {MAX_PARAMETERS} parameters") from None


def _parse_value(field: _Field, text: str) -> Any:
    """Convert a parameter's text to its type.

    msgspec's own lax conversion is not used: it reads "null" as None and 0.5 as a datetime.
    """
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    parse_text = _PARSERS.get(type(field.base))
    if isinstance(field.base, inspect.LiteralType) and text not in field.base.values:
        raise ValueError(f"must be one of {', '.join(map(str, field.base.values))}")
    value = msgspec.convert(parse_text(text) if parse_text else text, field.annotation)
    return _to_utc(value) if isinstance(value, datetime) else value


def _parse_int(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("must be an integer")
    return int(text)


def _parse_float(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a number")
    return float(text)


def _parse_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


_PARSERS: dict[type[inspect.Type], Callable[[str], Any]] = {
    inspect.IntType: _parse_int,
    inspect.FloatType: _parse_float,
    inspect.BoolType: _parse_bool,
}


def _to_utc(at: datetime) -> datetime:
    """The same instant in UTC, clamped to the years 1 to 9999: no data lies beyond them."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return (datetime.min if at.year == 1 else datetime.max).replace(tzinfo=UTC)


def canonical_timeframe(timeframe: str) -> str:
    """The canonical name of a timeframe: 60m is 1h."""
    return Frame.parse(timeframe).name


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"
