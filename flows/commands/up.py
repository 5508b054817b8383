"""`signalengine up`: starts everything with one command."""

import argparse
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from domain.environ import PREFIX, read
from domain.errors import ServiceError, SettingError
from flows.services.home import Home, Instance, home_of
from flows.services.settings import ServiceSettings
from flows.services.terminal import Terminal

if TYPE_CHECKING:
    from flows.services.stack import Commands, Stack

HELP = "start everything: Postgres, Valkey, collector, engine and API"

VENUES = ("sim",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Venue, address of the API, and whether to detach."""
    parser.add_argument("--venue", default="sim", help=f"source of market data: {', '.join(VENUES)} (default: sim)")
    parser.add_argument(
        "--detach", action="store_true", help="run in the background and return when ready; stop with `down`"
    )
    parser.add_argument("--host", help="address of the API (default: the setting, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port of the API; 0 for any free port (default: the setting, 8000)")


def run(options: argparse.Namespace, commands: "Commands | None" = None) -> int:
    """Run in the foreground until Ctrl-C, or with `--detach` return when ready.

    If an instance is running already, print its addresses and exit with status 0.

    Parameters
    ----------
    commands
        Command lines that replace those of the processes, for tests.
    """
    if options.venue not in VENUES:
        raise SettingError(f"option --venue={options.venue!r} is unknown; {_nearest(options.venue, VENUES)}")
    environ = dict(os.environ)
    environ |= {f"{PREFIX}API_HOST": options.host} if options.host is not None else {}
    environ |= {f"{PREFIX}API_PORT": str(options.port)} if options.port is not None else {}
    settings = read(ServiceSettings, "services", environ)
    home, terminal = home_of(settings, environ), Terminal(sys.stdout)
    home.create()
    with home.locked() as acquired:
        if not acquired:
            return _wait_for_running(home, terminal)
        web, metrics = (_free_address(name, environ) for name in ("api", "engine"))
        if not options.detach:
            from flows.services.stack import Stack, commands_for
            from store.migrate import migrate

            instance = Instance(url=web, metrics_url=f"{metrics}/metrics", venue=options.venue)
            commands = commands or commands_for(options.venue, alerts=_has_hooks(environ))
            run_stack(Stack(home, settings, environ, instance, commands, migrate, terminal.print_line), terminal)
            return 0
    return _detach(home, environ, options.venue, terminal)


def run_stack(stack: "Stack", terminal: Terminal) -> None:
    """Run a stack until it is stopped by a signal."""
    from flows.services.watch import Watch

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # ignored under nohup
            signal.signal(number, signal.default_int_handler)
    watch = Watch(stack.home, terminal)

    def ready(instance: Instance) -> None:
        _print_addresses(instance, terminal)
        watch.start(instance)

    try:
        with suppress(KeyboardInterrupt):
            stack.run(ready, watch.tick)
    finally:
        terminal.update_status("")


def _detach(home: Home, environ: Mapping[str, str], venue: str, terminal: Terminal) -> int:
    """Start `up` in a background process, and wait until it is ready."""
    from flows.services.launch import launch

    home.record("instance").unlink(missing_ok=True)
    log = home.log("supervisor")
    log_start = log.stat().st_size if log.exists() else 0
    command = [sys.executable, "-m", "flows", "up", "--venue", venue]
    process = launch(command, log=log, record=home.record("supervisor"), environ=environ)
    terminal.print_line("starting; the first start takes a minute or two")
    try:
        while process.alive():
            instance = home.instance()
            if instance and instance.ready:
                _print_addresses(instance, terminal)
                terminal.print_line("running in the background; see 'signalengine status' and 'logs', stop with 'down'")
                return 0
            time.sleep(0.1)
    except KeyboardInterrupt:
        process.stop()
        raise
    with log.open("rb") as file:
        file.seek(log_start)
        sys.stderr.write(file.read().decode(errors="replace"))
    return process.exit_status() or 1


def _wait_for_running(home: Home, terminal: Terminal) -> int:
    """Wait until the instance of another `up`, which holds the lock, is ready, and print its addresses."""
    reported = False
    while not ((instance := home.instance()) and instance.ready):
        with home.locked() as acquired:
            if acquired:
                raise ServiceError(f"another 'signalengine up' was starting in {home.directory} and exited; try again")
        if not reported:
            terminal.print_line(f"another 'signalengine up' is starting in {home.directory}; waiting for it")
            reported = True
        time.sleep(0.2)
    terminal.print_line(f"signalengine is already running in {home.directory}")
    _print_addresses(instance, terminal)
    return 0


def _has_hooks(environ: Mapping[str, str]) -> bool:
    """Whether hooks are configured; checks their settings now, before a process is started that would exit at once."""
    from flows.alerts.settings import AlertSettings, target_of
    from flows.services.sections import section

    settings: AlertSettings = section("alerts", environ)
    return len([target_of(hook, environ) for hook in settings.hooks]) > 0


def _free_address(name: str, environ: dict[str, str]) -> str:
    """The address at which the server of section `name` will listen, on a free port; also set in `environ`."""
    from flows.services.sections import section

    settings = section(name, environ)
    host, port = str(settings.host), int(settings.port)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do; otherwise a port with connections in TIME_WAIT would count as in use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            option = "with --port" if name == "api" else f"as {PREFIX}{name.upper()}_PORT"
            raise SettingError(
                f"port {port} on {host} for the {name} is not available ({problem.strerror}); choose another {option}, "
                f"or 0 for any free port"
            ) from None
        port = probe.getsockname()[1]
    environ |= {f"{PREFIX}{name.upper()}_HOST": host, f"{PREFIX}{name.upper()}_PORT": str(port)}
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _print_addresses(instance: Instance, terminal: Terminal) -> None:
    simulated = " (simulated)" if instance.venue == "sim" else ""
    terminal.print_line(f"signalengine is ready, venue {instance.venue}{simulated}")
    terminal.print_line(f"  REST       {instance.url}/api/v1/signals, …/whales, …/arbitrage/opportunities")
    terminal.print_line(f"  WebSocket  {instance.url.replace('http', 'ws', 1)}/ws/feed")
    terminal.print_line(f"  metrics    {instance.url}/metrics and {instance.metrics_url}")


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
