"""``secousti callers``: what a call store knows of whom, and its deletion."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from secousti.commands.words import Subparsers, add_config, describe

if TYPE_CHECKING:
    from server.store.store import CallerSummary

TEXT = """\
Lists the callers of a call store, exports what it has about one, or deletes him: his calls, what
he agreed to have remembered, and the token logs of his calls.

  secousti callers list --store calls
  secousti callers export --store calls --caller "+1 555 0100"
  secousti callers delete --store calls --id 3f09c1...

A caller is named as the operator's lines name him (--caller), or by the id that 'list' shows. The
store holds the id alone, a keyed hash. A call that is still running when its caller is deleted
leaves nothing behind either.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "callers", "List, export or delete callers of a store", TEXT)
    parser.add_argument("what", choices=("list", "export", "delete"))
    parser.add_argument("--store", help="folder or database URL (default: the settings')")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--caller", metavar="NAME", help="what the line calls him: a number")
    who.add_argument("--id", help="what 'list' calls him")
    parser.add_argument("--tenant", help="whose caller he is, where there are tenants")
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import json

    from codec.errors import SecoustiError
    from secousti.settings import load_settings
    from server.store.place import DATABASE_FILE, place_of
    from server.store.store import CallStore
    from server.tenants import OPERATOR

    settings = load_settings(args.config, store=args.store)
    if settings.store is None:
        raise SecoustiError("which store? name its folder or URL with --store")
    key = settings.store_key.get_secret_value() if settings.store_key else None
    if "://" not in settings.store and not (Path(settings.store) / DATABASE_FILE).is_file():
        raise SecoustiError(
            f"no calls are kept in {settings.store}: name a store that a server has"
        )
    place = place_of(settings.store, key)
    store = CallStore(place)
    if args.what == "list":
        listing(store.callers())
        return 0
    if args.caller is None and args.id is None:
        raise SecoustiError(f"{args.what} whom? name him with --caller or --id")
    who = args.id or place.id_of(args.caller, args.tenant or OPERATOR)
    if args.what == "export":
        print(json.dumps(store.export(who), indent=1))
    else:
        calls = store.forget(who)
        print(f"deleted caller {who}, with {calls} call{'' if calls == 1 else 's'}")
    return 0


def listing(callers: list[CallerSummary]) -> None:
    """One line a caller."""
    from datetime import UTC, datetime

    for one in callers:
        last = datetime.fromtimestamp(one.last_seen, UTC)
        print(f"{one.id}  last {last:%Y-%m-%d %H:%M}Z  calls {one.calls}  ", end="")
        print(f"memories {one.memories}  risk {one.risk}")
