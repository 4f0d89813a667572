"""How much one address and one tenant may have at once, and how often they may come.

Beyond it a newcomer is refused and whoever is in is not touched. Addresses are those of
:mod:`server.proxies`; telephone vendors bring all their calls from a few, so the defaults stop a
flood and not a busy office. What is remembered of an address is forgotten when it is at rest.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from server.engine import EngineFull
from server.limits import Bucket, CrowdLimits
from server.proxies import UNKNOWN

REMEMBERED = 4096  # addresses; one that has been quiet for longest is forgotten first
BURST_S = 30.0


@dataclass(eq=False)
class Visitor:
    """Who is connected, as far as it is counted; ``tenant`` is empty until a token has said it."""

    address: str = UNKNOWN
    tenant: str = ""


class CrowdFull(EngineFull):
    """This visitor has as many calls as he may; refused like a caller for whom there is no slot."""


class Crowd:
    """Everybody who is connected to one server."""

    def __init__(self, limits: CrowdLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._handshakes = Buckets(limits.address_handshakes_per_s, clock)
        self._failures = Buckets(limits.address_failures_per_s, clock)
        per_minute = limits.tenant_calls_per_minute
        self._tenants = None if per_minute is None else Buckets(per_minute / 60, clock)
        self._connections: Counter[str] = Counter()
        self._address_calls: Counter[str] = Counter()
        self._tenant_calls: Counter[str] = Counter()

    def refusal(self, address: str) -> str | None:
        """Why one more connection of ``address`` is refused; None: it may come in."""
        if not self._handshakes.take(address):
            return "too many connections a second from this address"
        if self._connections[address] >= self._limits.address_connections:
            return "too many connections at once from this address"
        return None

    def failed(self, address: str) -> None:
        """``address`` has brought a wrong token."""
        self._failures.take(address)

    def suspects(self, address: str) -> bool:
        """Whether ``address`` has brought so many wrong tokens that it must wait."""
        return self._failures.empty(address)

    def connected(self, address: str) -> AbstractContextManager[None]:
        """One connection, as long as the block lasts."""
        return _counted(self._connections, address)

    @contextmanager
    def call(self, visitor: Visitor) -> Iterator[None]:
        """One call of ``visitor``, as long as the block lasts.

        Raises:
            CrowdFull: the tenant or the address may have no more.
        """
        limits = self._limits
        _check(self._tenant_calls[visitor.tenant], limits.tenant_calls, "this tenant")
        _check(self._address_calls[visitor.address], limits.address_calls, "this address")
        if self._tenants is not None and not self._tenants.take(visitor.tenant):
            raise CrowdFull("this tenant calls too often: call again in a minute")
        with (
            _counted(self._tenant_calls, visitor.tenant),
            _counted(self._address_calls, visitor.address),
        ):
            yield


class Buckets:
    """A token bucket for each name, of ``rate`` a second, the newest :data:`REMEMBERED` names.

    A bucket holds at least one, or nothing could ever be taken from it.
    """

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate, self._clock = rate, clock
        self._burst_s = max(BURST_S, 1 / rate)
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, name: str) -> bool:
        """Takes one of ``name``'s; False: there is none."""
        return self._of(name).take(1)

    def empty(self, name: str) -> bool:
        """Whether ``name`` has none left."""
        return name in self._buckets and not self._of(name).holds(1)

    def _of(self, name: str) -> Bucket:
        bucket = self._buckets.get(name) or Bucket(self._rate, self._burst_s, self._clock)
        self._buckets[name] = bucket
        self._buckets.move_to_end(name)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket


@contextmanager
def _counted(counter: Counter[str], name: str) -> Iterator[None]:
    counter[name] += 1
    try:
        yield
    finally:
        counter[name] -= 1
        if not counter[name]:
            del counter[name]


def _check(now: int, most: int | None, who: str) -> None:
    if most is not None and now >= most:
        raise CrowdFull(f"{who} has {now} calls, and may have no more: call again later")
