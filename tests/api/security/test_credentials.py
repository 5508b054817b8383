import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from api.security.credentials import Credential, extract, without_ticket
from api.security.principal import NO_CREDENTIALS, AuthenticationFailure


def extracted(query: bytes = b"", *, websocket: bool = False, **fields: str) -> Credential | AuthenticationFailure:
    raw = [(name.replace("_", "-").encode(), text.encode("latin-1")) for name, text in fields.items()]
    return extract(Headers(raw=raw), query, websocket=websocket)


def test_credentials_are_found_in_every_supported_place() -> None:
    assert extracted(authorization="Bearer abc") == Credential("bearer", "abc")
    assert extracted(authorization="bearer  abc ") == Credential("bearer", "abc")
    assert extracted(x_api_key="abc") == Credential("bearer", "abc")
    offered = "signalengine.v1, bearer.a.b-c"
    assert extracted(websocket=True, sec_websocket_protocol=offered) == Credential("bearer", "a.b-c")
    assert extracted(sec_websocket_protocol=offered) is NO_CREDENTIALS
    assert extracted(b"symbol=X&ticket=abc") == Credential("ticket", "abc")


def test_keys_and_tokens_in_the_url_are_ignored() -> None:
    assert extracted(b"token=abc&access_token=abc&key=abc&api_key=abc") is NO_CREDENTIALS


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Token abc", "Bearer a b", "Bearer ä", f"Bearer {'a' * 8193}"],
)
def test_anything_but_one_bearer_credential_is_malformed(authorization: str) -> None:
    failure = extracted(authorization=authorization)
    assert isinstance(failure, AuthenticationFailure)
    assert failure.reason == "malformed"


def test_more_than_one_credential_is_ambiguous() -> None:
    for failure in (
        extracted(authorization="Bearer abc", x_api_key="abc"),
        extracted(b"ticket=a&ticket=b"),
        extracted(b"ticket=a", authorization="Bearer abc"),
        extracted(websocket=True, sec_websocket_protocol="bearer.a, bearer.b"),
    ):
        assert isinstance(failure, AuthenticationFailure)
        assert (failure.reason, failure.kind.status) == ("ambiguous", 400)


@given(st.lists(st.sampled_from([b"a=1", b"ticket=x", b"ticket", b"tickets=1", b"", b"b=ticket"])))
def test_only_the_ticket_is_removed_from_the_query(parts: list[bytes]) -> None:
    remaining = [part for part in parts if part.partition(b"=")[0] != b"ticket"]
    assert without_ticket(b"&".join(parts)).split(b"&") == (remaining or [b""])


@given(st.binary(max_size=80))
def test_any_query_is_handled(query: bytes) -> None:
    assert isinstance(extract(Headers(), query, websocket=True), Credential | AuthenticationFailure)
