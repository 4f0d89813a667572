"""What a second of speech costs on the line: token bits, and what carries them, layer by layer.

``python -m server.wires.overhead`` prints the table of ``docs/protocol.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from codec.rates import RATES, Rate

WEBSOCKET_BYTES = 2  # RFC 6455 section 5.2: header of a message under 126 bytes
MASK_BYTES = 4  # the same: a client masks what it sends
TCP_IP_BYTES = 20 + 20 + 12  # IPv4 (RFC 791), TCP (RFC 9293), timestamp option (RFC 7323)


@dataclass(frozen=True)
class Cost:
    """Bits per second of an endless stream, each layer with those before it."""

    tokens: float
    websocket: float
    tcp_ip: float


def cost(rate: Rate, uplink: bool, packets_per_message: int = 1) -> Cost:
    """One direction of a call; control messages and bare acknowledgements are not in it."""
    messages_per_s = 1000 / rate.packet_ms / packets_per_message
    frame = WEBSOCKET_BYTES + (MASK_BYTES if uplink else 0)
    websocket = rate.nominal_bps + 8 * frame * messages_per_s
    return Cost(rate.nominal_bps, websocket, websocket + 8 * TCP_IP_BYTES * messages_per_s)


def table() -> str:
    """Both rates, both ways, one and four packets a message, as a Markdown table."""
    rows = [
        "| rate | way | packets a message | tokens bps | + websocket | + TCP/IP |",
        "|---|---|---|---|---|---|",
    ]
    for rate in RATES.values():
        for uplink in (True, False):
            for count in (1, 4):
                bps = cost(rate, uplink, count)
                way = "up" if uplink else "down"
                rows.append(
                    f"| {rate.name} | {way} | {count} ({count * rate.packet_ms:.0f} ms) "
                    f"| {bps.tokens:.1f} | {bps.websocket:.1f} | {bps.tcp_ip:.1f} |"
                )
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
