"""``secousti serve``: answer calls until told to stop."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from secousti.commands.words import Subparsers, add_config, describe

if TYPE_CHECKING:
    from secousti.settings import Settings
    from server.settings import ServerSettings

TEXT = """\
Listens on ws://127.0.0.1:8765; GET /healthz, /readyz and /metrics on the same port tell how it
is. On SIGTERM it takes no new calls and lets the running ones go on for up to --drain seconds; on
Ctrl-C they may finish what is being said. Either for the second time ends it at once.

  secousti serve
  secousti serve --port 9000 --log-dir logs
  secousti serve --host 0.0.0.0 --token SECRET --tls-cert cert.pem --tls-key key.pem
  secousti serve --wires call twilio --public-url wss://help.example.org
  secousti serve --audiosocket-port 9092
  secousti serve --ray 4 --slots 16 --port 8765
  secousti serve --config line.toml --print-config

--ray runs that many servers behind one address as a Ray Serve application, on this machine or on
the cluster that RAY_ADDRESS names; who comes back finds the server that has his call.

--print-config shows every setting with its reason and where its value comes from, and calls
nobody; docs/operating.md is the page for operators.

A browser calls from the page at the server's own address; beyond loopback it needs https.

Telephone lines and OpenAI Realtime clients have paths of their own on the same port, Asterisk's
AudioSocket a port: docs/wires.md says how to connect each. SECOUSTI_TWILIO_AUTH_TOKEN makes Twilio
sign its calls.

Beyond loopback a token is required: callers then say it with --token. Logs hold the sound as
it crossed the wire (codec tokens, or a telephone's samples) and times, no words.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "serve", "Answer calls on this machine", TEXT)
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default: 8765; 0 picks a free one)")
    parser.add_argument("--token", help="what callers must know; required beyond loopback")
    parser.add_argument(
        "--insecure", action="store_true", default=None, help="beyond loopback without a token"
    )
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="certificate, for wss://")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="the certificate's key")
    parser.add_argument(
        "--wires", nargs="+", metavar="WIRE", help="open only these ways in (default: all)"
    )
    parser.add_argument("--public-url", metavar="URL", help="what Twilio calls, behind a proxy")
    parser.add_argument(
        "--audiosocket-port", type=int, metavar="PORT", help="answer Asterisk here (default: not)"
    )
    parser.add_argument("--audiosocket-host", metavar="HOST", help="and here (default: 127.0.0.1)")
    parser.add_argument("--tokens", type=Path, metavar="JSON", help="tokens of several tenants")
    parser.add_argument(
        "--drain",
        type=float,
        metavar="S",
        dest="drain_s",
        help="how long calls may go on after SIGTERM (default: 900)",
    )
    parser.add_argument(
        "--log-format", choices=("text", "json"), help="of standard error (default: text)"
    )
    parser.add_argument("--log-dir", type=Path, help="folder for token logs (default: none kept)")
    parser.add_argument("--store", metavar="PLACE", help="folder or URL for calls (default: none)")
    parser.add_argument("--slots", type=int, help="calls at once (default: measured)")
    parser.add_argument(
        "--ray", type=int, nargs="?", const=2, metavar="N", help="as N replicas of Ray (2)"
    )
    parser.add_argument("--print-config", action="store_true", help="show the settings and stop")
    add_config(parser)
    parser.set_defaults(run=run)


FLAGS = (
    *("host", "port", "token", "insecure", "tls_cert", "tls_key", "log_dir", "slots"),
    *("wires", "public_url", "audiosocket_port", "audiosocket_host"),
    *("tokens", "drain_s", "log_format", "store", "ray"),
)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from secousti.house import build_parts, server_settings
    from secousti.settings import load_settings
    from server.logs import start_logging
    from server.serving import check, serve

    flags = {name: getattr(args, name) for name in FLAGS}
    settings = load_settings(args.config, **flags)
    if args.print_config:
        return print_config(settings, args.config, flags)
    start_logging(settings.log_format, settings.log_words)
    plan = server_settings(settings)
    if settings.ray:
        return run_fleet(plan, settings)
    check(plan)  # before the models take their time
    scheme = "wss" if plan.tls_cert else "ws"

    def ready(port: int) -> None:
        print(f"answering at {scheme}://{plan.host}:{port} (Ctrl-C ends it)", flush=True)
        if "call" in plan.wires:
            print(f"and browsers at http{scheme[2:]}://{plan.host}:{port}/", flush=True)
        if plan.audiosocket_port:
            print(f"and Asterisk at {plan.audiosocket_host}:{plan.audiosocket_port}", flush=True)

    print("loading the models", flush=True)
    asyncio.run(serve(plan, build_parts(settings), ready=ready))
    return 0


def run_fleet(plan: ServerSettings, settings: Settings) -> int:
    from secousti.house import build_parts
    from server.fleet.ray_serve import Fleet, check_fleet, serve_fleet

    check_fleet(plan)

    def ready() -> None:
        print(f"{settings.ray} servers answer at ws://{plan.host}:{plan.port}", flush=True)
        print(f"and browsers at http://{plan.host}:{plan.port}/", flush=True)

    print(f"starting {settings.ray} servers in Ray", flush=True)
    fleet = Fleet(settings.ray, settings.ray_cpus)
    serve_fleet(plan, partial(build_parts, settings), fleet, ready=ready)
    return 0


def print_config(settings: Settings, config: Path | None, flags: dict[str, Any]) -> int:
    from secousti.configuration import printed
    from secousti.origins import Origins
    from secousti.settings import DEFAULT_CONFIG

    given = [name for name, value in flags.items() if value is not None]
    print(printed(settings, Origins(config or DEFAULT_CONFIG, given)), end="")
    return 0
