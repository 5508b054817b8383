import json
from datetime import UTC, datetime, timedelta

import pytest

from domain.api_keys import parse
from flows.__main__ import main
from store import api_keys, audit_log
from store.postgres import connect


@pytest.fixture(autouse=True)
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


def test_key_is_printed_once_and_stored_as_a_hash(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "create", "desk", "--scope", "stream", "--scope", "read", "--days", "1"]) == 0
    output = capsys.readouterr()
    parts = parse(output.out.strip())
    assert parts is not None
    assert output.err.startswith("desk: read, stream; expires ")
    with connect(database) as connection:
        (key,) = api_keys.list_all(connection)
        (entry,) = audit_log.read(connection)
    assert (key.id, key.digest, key.scopes) == (parts.id, parts.digest, ("read", "stream"))
    assert key.expires_at is not None
    assert timedelta(hours=23) < key.expires_at - datetime.now(UTC) < timedelta(hours=25)
    assert (entry.action, entry.actor, entry.object) == ("key_created", "command line", key.id)
    secret = output.out.strip().rpartition("_")[2]
    for arguments in (["keys", "list"], ["keys", "list", "--json"]):
        assert main(arguments) == 0
        listed = capsys.readouterr().out
        assert key.id in listed
        assert secret not in listed
        assert "digest" not in listed


def test_revoked_key_stays_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    main(["keys", "create", "desk", "--json", "--days", "0"])
    created = json.loads(capsys.readouterr().out)
    assert (created["scopes"], created["expires_at"]) == (["read", "stream"], None)
    assert main(["keys", "revoke", created["id"]]) == 0
    assert main(["keys", "revoke", created["id"]]) == 1
    assert "no active key" in capsys.readouterr().err
    assert main(["keys", "revoke", created["key"]]) == 1, "the whole key is accepted too"
    stderr = capsys.readouterr().err
    assert created["id"] in stderr
    assert created["key"] not in stderr
    main(["keys", "list"])
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == [created["id"], "revoked", "never"]


@pytest.mark.parametrize(
    "arguments",
    [["keys"], ["keys", "create"], ["keys", "create", "x", "--scope", "all"], ["keys", "create", "a\nb"],
     ["keys", "create", ""], ["keys", "create", "x", "--days", "-1"], ["keys", "lst"]],
)  # fmt: skip
def test_invalid_arguments_are_reported_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
