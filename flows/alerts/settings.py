"""Settings of alerts: hooks, their filters, and limits of delivery."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from domain.errors import SettingError
from flows.alerts.signature import secret_keys

Kind = Literal["webhook", "telegram", "discord", "slack"]
Channel = Literal["signals", "composites", "arbitrage", "executions", "performance", "alerts"]
Text = Annotated[str, Meta(min_length=1, max_length=200)]

HOOKS_MAX = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Hook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[alerts.hooks]]`: a receiver and its filter. All conditions must hold; an empty one matches everything.

    A message without the field of a condition does not match: `min_confidence` excludes alerts, `levels` excludes
    signals. Use two hooks for two combinations.
    """

    name: str
    """Lowercase letters, digits, `-` and `_`. Deliveries are stored under it, so a new name is a new hook."""

    kind: Kind = "webhook"
    """`webhook`: signed JSON for a program. The others: a text for people, in the format of that service."""

    url: str = ""
    """The URL, if it is not a secret."""

    url_variable: str = ""
    """Environment variable that holds the URL, which for chat services is a secret."""

    secret_variable: str = ""
    """Environment variable that holds the signing secret; required for the kind `webhook`. Create one with
    `echo whsec_$(openssl rand -base64 32)`. To rotate it, set both secrets, separated by a space: each signs."""

    chat_id: str = ""
    """The chat that a Telegram bot writes to; required for the kind `telegram`."""

    channels: Annotated[tuple[Channel, ...], Meta(min_length=1)] = ("signals", "alerts")
    """Channels of the feed."""

    symbols: tuple[Text, ...] = ()
    """Such as BTCUSDT."""

    strategies: tuple[Text, ...] = ()
    """`signal_type` of signals, executions and alerts; `pattern_type` of composites; `kind` of arbitrage."""

    directions: tuple[Literal["long", "short"], ...] = ()
    """Of signals, composites and executions."""

    changes: tuple[Text, ...] = ()
    """Of arbitrage: opened, updated, closed, settled; of executions: planned, open, win, loss, even, unfilled, skipped.
    Each of these is a message of its own, so a hook for people should list those that matter."""

    levels: tuple[Literal["info", "warning"], ...] = ()
    """Severity of alerts."""

    min_confidence: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """The calibrated probability of a signal, or its `raw_confidence` while it has none; of a composite its
    `composite_confidence`. 0 disables the condition."""


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section `alerts`. Nothing runs without at least one hook."""

    hooks: tuple[Hook, ...] = ()
    """Receivers and their filters. In the file: `[[alerts.hooks]]`."""

    give_up_s: Annotated[float, Meta(gt=0, le=86_400)] = 3600.0
    """How long a delivery is retried; after that it is given up."""

    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0
    """Limit for connecting to a receiver, and then for the request and its response together."""

    waiting_max: Annotated[int, Meta(ge=1)] = 10_000
    """Deliveries of one hook that may wait; beyond that the oldest are given up."""

    keep_days: Annotated[int, Meta(ge=1)] = 7
    """How long delivered and given-up deliveries are kept."""

    private_networks: tuple[str, ...] = ()
    """Networks, such as 10.1.0.0/16, that hooks may reach although they are not public. Without it no hook reaches
    this machine, its network or the metadata service of a cloud, whatever its host name resolves to."""

    def checked(self) -> Self:
        """The settings themselves, if they are consistent.

        Raises
        ------
        SettingError
            If they are not.

        Examples
        --------
        >>> AlertSettings(hooks=(Hook(name="desk", url="https://desk.example/hook"),)).checked()
        Traceback (most recent call last):
            ...
        domain.errors.SettingError: hook 'desk' of [alerts] needs secret_variable, the variable that holds its secret
        """
        for network in self.private_networks:
            try:
                ip_network(network)
            except ValueError as problem:
                raise SettingError(f"private_networks of [alerts]: {problem}; write for example 10.1.0.0/16") from None
        if len(self.hooks) > HOOKS_MAX:
            raise SettingError(f"[alerts] has {len(self.hooks)} hooks; remove some, the maximum is {HOOKS_MAX}")
        names = [hook.name for hook in self.hooks]
        for hook in self.hooks:
            subject = f"hook {hook.name!r} of [alerts]"
            if not _NAME.fullmatch(hook.name):
                raise SettingError(f"{subject}: a name has 1 to 63 lowercase letters, digits, - and _")
            if names.count(hook.name) > 1:
                raise SettingError(f"{subject} is defined twice; give each hook its own name")
            if bool(hook.url) == bool(hook.url_variable):
                raise SettingError(f"{subject} needs either url or url_variable")
            if hook.kind == "webhook" and not hook.secret_variable:
                raise SettingError(f"{subject} needs secret_variable, the variable that holds its secret")
            if hook.kind == "telegram" and not hook.chat_id:
                raise SettingError(f"{subject} needs chat_id, the chat that it writes to")
        return self


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The URL and the signing keys of a hook; never logged or printed."""

    url: str
    keys: tuple[bytes, ...] = ()


def target_of(hook: Hook, environ: Mapping[str, str]) -> Target:
    """The URL and the signing keys of a hook.

    Raises
    ------
    SettingError
        If a variable that it names is not set, or its URL or its secret is invalid.
    """
    url = hook.url or _variable(hook, hook.url_variable, environ)
    try:
        parts = urlsplit(url)
        valid = (
            parts.scheme in ("https", "http") and bool(parts.hostname) and parts.username is None and parts.port != 0
        )
        url.encode("ascii")
    except ValueError:
        valid = False
    if not valid or url.split() != [url]:
        # The URL of a chat service is a secret, so it is not quoted.
        source = "url" if hook.url else hook.url_variable
        raise SettingError(f"{source} of hook {hook.name!r} is not a valid URL; write https://host/path, in ASCII")
    if not hook.secret_variable:
        return Target(url=url)
    try:
        return Target(url=url, keys=secret_keys(_variable(hook, hook.secret_variable, environ)))
    except ValueError as problem:
        raise SettingError(f"{hook.secret_variable} of hook {hook.name!r} {problem}") from None


def _variable(hook: Hook, name: str, environ: Mapping[str, str]) -> str:
    if not environ.get(name):
        raise SettingError(f"environment variable {name} of hook {hook.name!r} of [alerts] is not set; set it")
    return environ[name]
