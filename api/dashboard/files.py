"""Files of the dashboard; the page is a template, filled with the settings that it needs before it has a key."""

from functools import cache
from importlib.resources import files
from string import Template
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from api.resources import Resources
from api.rest.result import Result

CSS: Final = "text/css; charset=utf-8"
JAVASCRIPT: Final = "text/javascript; charset=utf-8"
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Content security policy: whatever the name of a market or wallet holds, no foreign script runs and no data leaves."""

Script = Literal[
    "elements.js",
    "feed.js",
    "format.js",
    "markets.js",
    "notifications.js",
    "page.js",
    "rest.js",
    "signal_row.js",
    "statistics.js",
]


class ScriptParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Name of the script."""

    script: Annotated[Script, Meta(description="File name of the script.")]


async def show_dashboard(resources: Resources, _: object) -> Result:
    """The dashboard, a web page with live signals, statistics, open arbitrage and whale trades.

    The page itself holds no data: it loads them through this API, with an API key where authentication is required.
    """
    return _page(resources.access.settings.required, resources.settings.keepalive_s)


async def show_dashboard_realtime(resources: Resources, _: object) -> Result:
    """The dashboard, at its former path."""
    return await show_dashboard(resources, None)


async def show_dashboard_style(_: Resources, __: object) -> Result:
    """The style sheet of the dashboard."""
    return _file("page.css")


async def show_dashboard_script(_: Resources, parameters: ScriptParameters) -> Result:
    """A script of the dashboard."""
    return _file(parameters.script)


@cache
def _page(is_authentication_required: bool, keepalive_s: float) -> Result:
    authentication = "required" if is_authentication_required else "off"
    page = Template(_read("page.html").decode()).substitute(authentication=authentication, keepalive_s=keepalive_s)
    return Result.from_bytes(page.encode(), {"Content-Security-Policy": POLICY})


@cache
def _file(name: str) -> Result:
    return Result.from_bytes(_read(name), {})


def _read(name: str) -> bytes:
    return files("api.dashboard").joinpath(name).read_bytes()
