"""`signalengine keys create|list|revoke`: manage API keys."""

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.api_keys import ID_BYTES, SCOPES, SECRET_BYTES, ApiKey

if TYPE_CHECKING:
    from store.postgres import Connection

HELP = "create, list and revoke API keys"

_ACTOR = "command line"
_DAYS_MAX = 3650


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the three actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=type(parser))
    create = actions.add_parser("create", help="create a key and print it once", allow_abbrev=False)
    create.add_argument("name", help="name of the key, such as the program that will use it")
    create.add_argument(
        "--scope",
        action="append",
        choices=SCOPES,
        dest="scopes",
        help="scope to grant; may be repeated (default: read and stream)",
    )
    create.add_argument(
        "--days", type=int, default=365, help="days until the key expires; 0 means never (default: 365)"
    )
    listing = actions.add_parser("list", help="list all keys, without their secrets", allow_abbrev=False)
    revoke = actions.add_parser("revoke", help="revoke a key permanently and close its connections", allow_abbrev=False)
    revoke.add_argument("id", help="id of the key (the 12 hex digits between the underscores), or the whole key")
    for action in (create, listing):
        action.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(options: argparse.Namespace) -> int:
    """Run the action; return exit status 1 if there is no such key to revoke."""
    match options.action:
        case "create":
            return _create(options)
        case "list":
            return _list(as_json=options.json)
        case _:
            return _revoke(options.id)


def _create(options: argparse.Namespace) -> int:
    from secrets import token_bytes

    import msgspec

    from domain.api_keys import format_key, parse
    from domain.errors import SettingError
    from store import api_keys

    if not options.name.isprintable() or not 1 <= len(options.name) <= 100:
        raise SettingError(f"name {options.name!r} must be 1 to 100 printable characters")
    if not 0 <= options.days <= _DAYS_MAX:
        raise SettingError(f"--days {options.days} must be 0 to {_DAYS_MAX}")
    text = format_key(token_bytes(ID_BYTES), token_bytes(SECRET_BYTES))
    parts = parse(text)
    assert parts is not None
    now = datetime.now(UTC)
    scopes = options.scopes or ["read", "stream"]
    key = ApiKey(
        id=parts.id,
        name=options.name,
        digest=parts.digest,
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        created_at=now,
        expires_at=now + timedelta(days=options.days) if options.days else None,
    )
    with _database() as connection:
        api_keys.create(connection, key, actor=_ACTOR)
    if options.json:
        created = {"key": text, "id": key.id, "name": key.name, "scopes": key.scopes, "expires_at": key.expires_at}
        sys.stdout.write(msgspec.json.encode(created).decode() + "\n")
    else:
        sys.stdout.write(f"{text}\n")
        expires = f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "never expires"
        sys.stderr.write(f"{key.name}: {', '.join(key.scopes)}; {expires}. Store it now: it is not shown again.\n")
    return 0


def _list(*, as_json: bool) -> int:
    import msgspec

    from store import api_keys

    with _database() as connection:
        keys = api_keys.list_all(connection)
    if as_json:
        rows = [{name: getattr(key, name) for name in ApiKey.__struct_fields__ if name != "digest"} for key in keys]
        sys.stdout.write(msgspec.json.encode(rows).decode() + "\n")
        return 0
    sys.stdout.write(f"{'id':14}{'state':10}{'expires':12}{'last used':18}{'scopes':26}name\n")
    now = datetime.now(UTC)
    for key in keys:
        expires = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        scopes = ",".join(key.scopes)
        sys.stdout.write(f"{key.id:14}{_state(key, now):10}{expires:12}{used:18}{scopes:26}{key.name}\n")
    return 0


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= now else "active"


def _revoke(id_or_key: str) -> int:
    from domain.api_keys import parse
    from store import api_keys

    parts = parse(id_or_key)  # of a whole key only the id may be printed
    key_id = parts.id if parts else id_or_key
    with _database() as connection:
        if not api_keys.revoke(connection, key_id, at=datetime.now(UTC), actor=_ACTOR):
            sys.stderr.write(f"signalengine: no active key with id {key_id!r}; see 'signalengine keys list'\n")
            return 1
    sys.stdout.write(f"revoked {key_id}; its open connections are closed within seconds\n")
    return 0


def _database() -> "Connection":
    from flows.services.discovery import database_url
    from store.postgres import connect

    return connect(database_url(os.environ))
