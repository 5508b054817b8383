"""Parameters: the text of an address to a typed record, or a problem that names each parameter at fault.

Nothing is guessed. A name nobody defined, a name given twice and a value that does not fit are all
refused, since a filter that was ignored looks like an answer.
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
_SHOWN = 100
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Name = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]{1,200}$",
        examples=["BTCUSDT"],
    ),
]
"""A symbol, venue, market or strategy: up to 200 characters without white space, each of which is written out,
since not every dialect of patterns counts the same among it."""
Timeframe = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,4}[smhd]$", examples=["5m"])]
Instant = Annotated[datetime, Meta(tz=True)]
Share = Annotated[float, Meta(ge=0, le=1)]


def parse(record: type[P], query: bytes, path: Mapping[str, str] | None = None) -> P:
    """The record that the query string and the parameters of the path describe.

    Parameters
    ----------
    record
        A Struct with a field for each parameter.
    query
        The query string as it came.
    path
        Parameters that the route took from the path.

    Raises
    ------
    ProblemError
        `INVALID_PARAMETER`, with one fault for each parameter that is unknown, repeated or malformed.

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
    kinds = _kinds(record)
    texts = dict(path or {})
    faults: list[Fault] = []
    for name, text in _pairs(query):
        if name not in kinds or name in (path or {}):
            known = ", ".join(sorted(kinds.keys() - (path or {}).keys())) or "none"
            faults.append(Fault(_short(name), f"unknown parameter; known: {known}"))
        elif name in texts:
            faults.append(Fault(name, "given more than once; give it once"))
        else:
            texts[name] = text
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = _value(kinds[name], text)
        except ValueError as problem:
            faults.append(Fault(name, f"{problem}; got {_short(text)!r}"))
    missing = [name for name, kind in kinds.items() if kind.required and name not in texts]
    faults += [Fault(name, "is needed; give it") for name in missing]
    if faults:
        raise ProblemError(INVALID_PARAMETER, "; ".join(f"{fault.name}: {fault.detail}" for fault in faults), faults)
    return record(**values)


class _Kind(msgspec.Struct, frozen=True):
    annotation: Any
    base: inspect.Type
    required: bool


@cache
def _kinds(record: type[msgspec.Struct]) -> dict[str, _Kind]:
    return {
        field.name: _Kind(field.type, _base(inspect.type_info(field.type)), field.required)
        for field in msgspec.structs.fields(record)
    }


def _base(kind: inspect.Type) -> inspect.Type:
    """The type itself, without its remarks and without null."""
    if isinstance(kind, inspect.Metadata):
        return _base(kind.type)
    if isinstance(kind, inspect.UnionType):
        (kind,) = (member for member in kind.types if not isinstance(member, inspect.NoneType))
        return _base(kind)
    return kind


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeError:
        raise ProblemError(INVALID_PARAMETER, "the query string is not percent-encoded UTF-8") from None
    except ValueError:
        raise ProblemError(INVALID_PARAMETER, f"more than {MAX_PARAMETERS} parameters") from None


def _value(kind: _Kind, text: str) -> Any:
    """The text as the parameter's type.

    msgspec's own lax conversion is not used: it reads "null" as nothing and 0.5 as an instant.
    """
    if _CONTROL.search(text):
        raise ValueError("holds a control character")
    read = _READERS.get(type(kind.base))
    if isinstance(kind.base, inspect.LiteralType) and text not in kind.base.values:
        raise ValueError(f"must be one of {', '.join(map(str, kind.base.values))}")
    value = msgspec.convert(read(text) if read else text, kind.annotation)
    return _to_utc(value) if isinstance(value, datetime) else value


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError("must be a whole number")
    return int(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a number")
    return float(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


_READERS: dict[type[inspect.Type], Callable[[str], Any]] = {
    inspect.IntType: _whole,
    inspect.FloatType: _number,
    inspect.BoolType: _truth,
}


def _to_utc(at: datetime) -> datetime:
    """The same instant in UTC, or the nearest that has a year from 1 to 9999: nothing is kept from beyond either."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return (datetime.min if at.year == 1 else datetime.max).replace(tzinfo=UTC)


def frame_name(timeframe: str) -> str:
    """The one name of a frame: 60m is 1h."""
    return Frame.parse(timeframe).name


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
