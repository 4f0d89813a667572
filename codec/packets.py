"""Packets of the token stream: tokens and voice codewords as whole bytes, no header at all.

Packet k of a stream is ``[voice codeword: 16 bits, if rate.carries_voice(k)] tokens: 40 bits``,
most significant bit first. Writer and reader count packets from the start of the stream, so the
carrier must keep order and lose nothing (a websocket does).
"""

from __future__ import annotations

from dataclasses import dataclass

from codec.errors import SecoustiError
from codec.rates import PACKET_BITS, VOICE_BITS, Rate


@dataclass(frozen=True)
class Packet:
    """Content of one packet: ``tokens_per_packet`` codes and the voice codeword, if any."""

    codes: tuple[int, ...]
    voice: int | None


def pack(rate: Rate, index: int, packet: Packet) -> bytes:
    """Bytes of packet ``index``; raises ``ValueError`` when content and position disagree."""
    if (packet.voice is not None) != rate.carries_voice(index):
        raise ValueError(f"packet {index}: voice codeword missing or in excess")
    value = packet.voice if packet.voice is not None else 0
    for code in packet.codes:
        value = (value << rate.token_bits) | code
    return value.to_bytes(rate.packet_bytes(index), "big")


def unpack(rate: Rate, index: int, data: bytes) -> Packet:
    """Content of packet ``index``; raises :class:`SecoustiError` on a wrong length."""
    if len(data) != rate.packet_bytes(index):
        raise SecoustiError(
            f"packet {index} at rate {rate.name} has {len(data)} bytes, "
            f"expected {rate.packet_bytes(index)}: the stream is out of step"
        )
    value = int.from_bytes(data, "big")
    mask = (1 << rate.token_bits) - 1
    shifts = range(PACKET_BITS - rate.token_bits, -1, -rate.token_bits)
    codes = tuple((value >> shift) & mask for shift in shifts)
    voice = value >> PACKET_BITS if rate.carries_voice(index) else None
    assert voice is None or voice < 1 << VOICE_BITS
    return Packet(codes, voice)


def split_packets(rate: Rate, first_index: int, data: bytes) -> list[bytes]:
    """Cuts consecutive packets apart; raises :class:`SecoustiError` when bytes are left over."""
    packets, at, index = [], 0, first_index
    while at < len(data):
        size = rate.packet_bytes(index)
        if at + size > len(data):
            raise SecoustiError(
                f"{len(data) - at} bytes are left where packet {index} needs {size}: "
                "send whole packets"
            )
        packets.append(data[at : at + size])
        at, index = at + size, index + 1
    return packets
