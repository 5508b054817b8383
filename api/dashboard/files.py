"""Files of the dashboard, as they lie beside this one; the page is told what it cannot ask before it has a key."""

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
"""Whatever a market or a wallet may call itself, a browser runs no script but ours and sends nothing elsewhere."""

Script = Literal["access.js", "elements.js", "feed.js", "figures.js", "page.js", "rows.js", "toasts.js"]


class WhichScript(msgspec.Struct, frozen=True, kw_only=True):
    """Which script."""

    script: Annotated[Script, Meta(description="File name of the script.")]


async def show_dashboard(resources: Resources, _: object) -> Result:
    """Signals as they are made, with open arbitrage, whales and what came of it all, as a page for people.

    The page holds no data: it asks for them as any other caller, with a key where one is needed.
    """
    return _page(resources.access.settings.required, resources.settings.keepalive_s)


async def show_dashboard_realtime(resources: Resources, _: object) -> Result:
    """The dashboard, under its older name."""
    return await show_dashboard(resources, None)


async def show_dashboard_style(_: Resources, __: object) -> Result:
    """How the dashboard looks."""
    return _file("page.css")


async def show_dashboard_script(_: Resources, which: WhichScript) -> Result:
    """What the dashboard does: one of its scripts."""
    return _file(which.script)


@cache
def _page(secured: bool, keepalive_s: float) -> Result:
    authentication = "required" if secured else "off"
    page = Template(_read("page.html").decode()).substitute(authentication=authentication, keepalive_s=keepalive_s)
    return Result.from_bytes(page.encode(), {"Content-Security-Policy": POLICY})


@cache
def _file(name: str) -> Result:
    return Result.from_bytes(_read(name), {})


def _read(name: str) -> bytes:
    return files("api.dashboard").joinpath(name).read_bytes()
