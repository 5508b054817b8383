"""Settings of alerts: who is told what, and how long we try."""

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
Word = Annotated[str, Meta(min_length=1, max_length=200)]

HOOKS_MAX = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Hook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[alerts.hooks]]`: who is told, and of what. All conditions hold together; an empty one is any.

    A message that does not say what a condition asks for is not what was asked for: `min_confidence` leaves out
    alerts, `levels` leaves out signals. Write two hooks for two wishes.
    """

    name: str
    """Small letters and digits, `-` and `_`. Deliveries are kept under it, so a new name is a new hook."""

    kind: Kind = "webhook"
    """`webhook`: JSON for a program, signed. The others: a text for people, in the form that service takes."""

    url: str = ""
    """Where to, if it is no secret."""

    url_variable: str = ""
    """Environment variable with the address, which for chat services is a secret."""

    secret_variable: str = ""
    """Environment variable with the secret that signs; needed by the kind `webhook`. Make one with
    `echo whsec_$(openssl rand -base64 32)`. While it is replaced by another, both with a space between: each signs."""

    chat_id: str = ""
    """The chat that a Telegram bot writes to; needed by the kind `telegram`."""

    channels: Annotated[tuple[Channel, ...], Meta(min_length=1)] = ("signals", "alerts")
    """Channels of the feed."""

    symbols: tuple[Word, ...] = ()
    """Such as BTCUSDT."""

    strategies: tuple[Word, ...] = ()
    """`signal_type` of signals, executions and alerts; `pattern_type` of composites; `kind` of arbitrage."""

    directions: tuple[Literal["long", "short"], ...] = ()
    """Of signals, composites and executions."""

    changes: tuple[Word, ...] = ()
    """Of arbitrage: opened, updated, closed, settled; of executions: planned, open, win, loss, even, unfilled, skipped.
    Each of these is a message of its own, so a hook for people should name those that matter."""

    levels: tuple[Literal["info", "warning"], ...] = ()
    """How grave an alert is."""

    min_confidence: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """The calibrated probability of a signal, or its `raw_confidence` while it has none; of a composite its
    `composite_confidence`. 0 asks nothing."""


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section `alerts`. Nothing runs as long as it names no hook."""

    hooks: tuple[Hook, ...] = ()
    """Who is told. In the file: `[[alerts.hooks]]`."""

    give_up_s: Annotated[float, Meta(gt=0, le=86_400)] = 3600.0
    """How long a delivery is tried; what is older helps nobody."""

    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0
    """How long a receiver may take to be reached, and then to take a message and answer, all in all."""

    waiting_max: Annotated[int, Meta(ge=1)] = 10_000
    """Deliveries of one hook that may wait; beyond it the oldest are given up."""

    keep_days: Annotated[int, Meta(ge=1)] = 7
    """How long deliveries that ended are kept."""

    private_networks: tuple[str, ...] = ()
    """Networks, such as 10.1.0.0/16, that hooks may lead to although they are not public. Without it no hook reaches
    this machine, its neighbours or the metadata service of a cloud, whatever its name resolves to."""

    def checked(self) -> Self:
        """The same, if its fields go together.

        Raises
        ------
        SettingError
            If not.

        Examples
        --------
        >>> AlertSettings(hooks=(Hook(name="desk", url="https://desk.example/hook"),)).checked()
        Traceback (most recent call last):
            ...
        domain.errors.SettingError: hook 'desk' of [alerts] needs secret_variable, the variable with its secret
        """
        for network in self.private_networks:
            try:
                ip_network(network)
            except ValueError as problem:
                raise SettingError(f"private_networks of [alerts]: {problem}; write such as 10.1.0.0/16") from None
        if len(self.hooks) > HOOKS_MAX:
            raise SettingError(f"[alerts] has {len(self.hooks)} hooks; {HOOKS_MAX} are the most")
        names = [hook.name for hook in self.hooks]
        for hook in self.hooks:
            what = f"hook {hook.name!r} of [alerts]"
            if not _NAME.fullmatch(hook.name):
                raise SettingError(f"{what}: a name has 1 to 63 small letters, digits, - and _")
            if names.count(hook.name) > 1:
                raise SettingError(f"{what} is there twice; give each its own name")
            if bool(hook.url) == bool(hook.url_variable):
                raise SettingError(f"{what} needs either url or url_variable")
            if hook.kind == "webhook" and not hook.secret_variable:
                raise SettingError(f"{what} needs secret_variable, the variable with its secret")
            if hook.kind == "telegram" and not hook.chat_id:
                raise SettingError(f"{what} needs chat_id, the chat it writes to")
        return self


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a hook leads and what it signs with; never shown."""

    url: str
    keys: tuple[bytes, ...] = ()


def target_of(hook: Hook, environ: Mapping[str, str]) -> Target:
    """The address and the secrets of a hook.

    Raises
    ------
    SettingError
        If a variable that it names is not set, its address leads nowhere, or its secret is none.
    """
    url = hook.url or _variable(hook, hook.url_variable, environ)
    try:
        place = urlsplit(url)
        good = place.scheme in ("https", "http") and bool(place.hostname) and place.username is None and place.port != 0
        url.encode("ascii")
    except ValueError:
        good = False
    if not good or url.split() != [url]:
        # An address of a chat service is a secret, so it is not shown.
        source = "url" if hook.url else hook.url_variable
        raise SettingError(f"{source} of hook {hook.name!r} is no address; write https://host/path, in ASCII")
    if not hook.secret_variable:
        return Target(url=url)
    try:
        return Target(url=url, keys=secret_keys(_variable(hook, hook.secret_variable, environ)))
    except ValueError as problem:
        raise SettingError(f"{hook.secret_variable} of hook {hook.name!r} {problem}") from None


def _variable(hook: Hook, name: str, environ: Mapping[str, str]) -> str:
    if not environ.get(name):
        raise SettingError(f"{name} is not set, which hook {hook.name!r} of [alerts] names; set it")
    return environ[name]
