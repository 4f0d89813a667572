"""Whose address a connection has: the peer's, or what a proxy that we trust says of it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from codec.errors import SecoustiError

UNKNOWN = "unknown"  # a peer without an address, such as one on a Unix socket
SITE_BITS = 64  # of an IPv6 address: one household or office has all that follow


class Proxies:
    """The proxies that are trusted, as addresses or networks.

    Raises:
        SecoustiError: one of them is neither.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        try:
            self._trusted = [ip_network(network) for network in trusted]
        except ValueError as error:
            raise SecoustiError(
                f"trusted_proxies: {error}; write addresses or networks such as 10.0.0.0/8"
            ) from None

    def address(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """Whom to count a connection of ``peer`` for; ``forwarded`` are the values of its
        ``X-Forwarded-For``.

        Each proxy adds the address it was called from at the end. So the list is read backwards
        while who wrote it is trusted; what a caller has put in front of it himself is never seen.
        """
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        last = _parsed(peer)
        while hops and last is not None and self._trusts(last):
            before = _parsed(hops.pop())
            if before is None:  # a proxy of ours wrote no address: then it stands for itself
                break
            last = before
        return UNKNOWN if last is None else _counted(last)

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def peer_address(name: object) -> str | None:
    """The address in what a socket says of its peer; None for one that has none."""
    return str(name[0]) if isinstance(name, tuple) and name else None


def _parsed(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _counted(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, SITE_BITS), strict=False))
