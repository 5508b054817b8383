import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import unquote

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from api.endpoints.signals import SignalsQuery
from api.rest.pagination import PAGE_NUMBER_MAX, CursorText, decode_cursor, encode_cursor, next_link, paginate
from api.rest.params import parse
from store.listing import Cursor

ids = st.integers(0, 2**128 - 1).map(lambda n: f"{n:032x}")
cursors = st.builds(Cursor, st.datetimes(max_value=datetime(9000, 1, 1), timezones=st.just(UTC)), ids)


@given(cursors)
def test_encoded_cursor_decodes_to_itself(cursor: Cursor) -> None:
    assert decode_cursor(msgspec.convert(encode_cursor(cursor), CursorText)) == cursor


@given(cursors, cursors)
def test_encoded_cursors_sort_like_cursors(one: Cursor, other: Cursor) -> None:
    assert (encode_cursor(one) < encode_cursor(other)) == (one < other)


@given(st.from_regex(r"[0-3][0-9a-f]{14}[0-9a-f]{32}", fullmatch=True))
def test_every_text_that_matches_the_pattern_is_a_cursor(text: str) -> None:
    assert encode_cursor(decode_cursor(text)) == text


@given(
    st.builds(
        SignalsQuery,
        symbol=st.none() | st.sampled_from(["BTCUSDT", "A&B=C", "☃", "+1 %"[:2]]),
        mtf_aligned=st.none() | st.booleans(),
        status=st.sampled_from(["emitted", "all"]),
        since=st.none() | st.datetimes(timezones=st.just(UTC)),
        min_confidence=st.none() | st.floats(0, 1),
        cursor=st.none() | cursors.map(encode_cursor),
        limit=st.none() | st.integers(1, 1000),
    )
)
def test_link_parses_back_to_its_parameters(query: SignalsQuery) -> None:
    link = next_link("/here", query)["Link"]
    address, _, relation = link.partition("; ")
    path, _, text = address.strip("<>").partition("?")
    assert (path, relation) == ("/here", 'rel="next"')
    assert parse(SignalsQuery, text.encode()) == query


def test_link_excludes_path_parameters() -> None:
    assert "symbol" not in unquote(next_link("/here", SignalsQuery(symbol="A", limit=3), exclude=("symbol",))["Link"])


class CursorSource:
    """5,000 rows that are cursors themselves."""

    async def page(self, *, limit: int, before: Cursor | None, offset: int) -> Sequence[Cursor]:
        older = (number for number in range(5_000, 0, -1) if before is None or number < int(before.id, 16))
        return [self.cursor_of(number) for number in list(older)[offset : offset + limit]]

    async def count(self) -> int:
        return 5_000

    def cursor_of(self, row: Cursor | int) -> Cursor:
        return row if isinstance(row, Cursor) else Cursor(datetime(2026, 1, 1, tzinfo=UTC), f"{row:032x}")


def test_the_last_numbered_page_links_to_a_cursor() -> None:
    query = SignalsQuery(page=PAGE_NUMBER_MAX - 1, per_page=2)
    rows: list[Cursor] = []
    for _ in range(3):
        result = asyncio.run(paginate("/here", query, CursorSource()))
        rows += result.rows
        _, _, text = result.headers["Link"].partition(">")[0].partition("?")
        query = parse(SignalsQuery, text.encode())
    assert [int(cursor.id, 16) for cursor in rows] == list(
        range(5_000 - 2 * (PAGE_NUMBER_MAX - 2), 5_000 - 2 * (PAGE_NUMBER_MAX + 1), -1)
    )
    assert (query.page, query.limit) == (None, 2)
