"""``.sec`` files: a recording as tokens, checked by a CRC.

Layout: ``b"SEC"``, one byte (version << 4 | rate id), the number of samples as an unsigned LEB128
integer, the token stream, CRC-32 of everything before it, big-endian. The version says how the
stream is written:

* 1, plain: bit-packed (voice codewords where :mod:`codec.rates` puts them, zero bits up to a whole
  byte). 11 bytes around the tokens of a 10 s recording. Any version of this program reads it.
* 2, coded: three bytes that name the prior, then the stream as :mod:`codec.entropy` codes it. Only
  a program with the same prior reads it: keep archives plain, or keep the program with them.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path

import torch

from codec.entropy.coding import decode_stream, encode_stream
from codec.entropy.prior import prior_of
from codec.errors import SecoustiError
from codec.rates import RATES, SAMPLE_RATE_HZ, VOICE_BITS, Rate
from codec.tokens import Tokens, tokens_needed

MAGIC = b"SEC"
PLAIN, CODED = 1, 2  # versions
PRIOR_NAME_BYTES = 3
MAX_SAMPLES = 24 * 3600 * SAMPLE_RATE_HZ  # a day: anything longer is a damaged length


def write_sec(path: Path, tokens: Tokens, coded: bool = False) -> int:
    """Writes the first signal of ``tokens``, whole or not at all; returns the bytes written.

    ``coded`` as in :func:`to_bytes`.
    """
    data = to_bytes(tokens, coded)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return len(data)


def read_sec(path: Path) -> Tokens:
    """The tokens of a ``.sec`` file; raises :class:`SecoustiError` saying what is wrong with it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SecoustiError(f"cannot read {path}: {error.strerror}") from error
    try:
        return from_bytes(data)
    except SecoustiError as error:
        raise SecoustiError(f"{path}: {error}") from error


def to_bytes(tokens: Tokens, coded: bool = False) -> bytes:
    """File content for the first signal of ``tokens``.

    ``coded`` uses the packaged prior, unless that would make the file longer, as it may for noise;
    raises :class:`SecoustiError` when there is no prior.
    """
    plain = _sealed(PLAIN, tokens, _stream_bytes(RATES[tokens.rate], tokens))
    if not coded:
        return plain
    prior = prior_of(tokens.rate)
    stream = prior.fingerprint[:PRIOR_NAME_BYTES] + encode_stream(tokens, prior)
    return min(_sealed(CODED, tokens, stream), plain, key=len)


def from_bytes(data: bytes) -> Tokens:
    """Tokens of a file's content; raises :class:`SecoustiError` on any damage."""
    if data[:3] != MAGIC:
        raise SecoustiError("not a .sec file (it does not begin with 'SEC')")
    if len(data) < 9:
        raise SecoustiError("truncated: the file ends inside its header")
    version, wire_id = data[3] >> 4, data[3] & 15
    if version not in (PLAIN, CODED):
        raise SecoustiError(f"version {version}, but this program reads 1 and 2: update it")
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        raise SecoustiError("damaged or truncated: the checksum does not fit; copy it again")
    rate = next((r for r in RATES.values() if r.wire_id == wire_id), None)
    if rate is None:
        raise SecoustiError(f"unknown rate id {wire_id}")
    samples, at = _read_leb128(data, 4)
    if not 0 < samples <= MAX_SAMPLES:
        raise SecoustiError(f"impossible length of {samples} samples")
    parse = _parse_plain if version == PLAIN else _parse_coded
    return parse(rate, samples, data[at:-4])


def _sealed(version: int, tokens: Tokens, stream: bytes) -> bytes:
    """A whole file around ``stream``."""
    first = bytes([version << 4 | RATES[tokens.rate].wire_id])
    body = MAGIC + first + _leb128(tokens.samples) + stream
    return body + zlib.crc32(body).to_bytes(4, "big")


def _parse_coded(rate: Rate, samples: int, data: bytes) -> Tokens:
    prior = prior_of(rate.name)
    name, ours = data[:PRIOR_NAME_BYTES], prior.fingerprint[:PRIOR_NAME_BYTES]
    if name != ours:
        raise SecoustiError(
            f"coded with the prior {name.hex()}, but this program has {ours.hex()}: "
            "decode it with the version of secousti that wrote it"
        )
    stream, count = data[PRIOR_NAME_BYTES:], tokens_needed(rate.name, samples)
    tokens = decode_stream(stream, count, samples, prior)
    if tokens is None:
        raise SecoustiError(f"{len(stream)} bytes are not {count} coded tokens: encode it again")
    return tokens


def _schedule(rate: Rate, tokens: int) -> list[tuple[int, bool]]:
    """(bits, is voice) of every field of a stream of ``tokens`` tokens, in order."""
    fields: list[tuple[int, bool]] = []
    for at in range(tokens):
        packet, within = divmod(at, rate.tokens_per_packet)
        if within == 0 and rate.carries_voice(packet):
            fields.append((VOICE_BITS, True))
        fields.append((rate.token_bits, False))
    return fields


def _stream_bytes(rate: Rate, tokens: Tokens) -> bytes:
    codes, voice = iter(tokens.codes[0].tolist()), iter(tokens.voice[0].tolist())
    fields = _schedule(rate, tokens.codes.shape[1])
    bits = "".join(f"{next(voice if is_voice else codes):0{n}b}" for n, is_voice in fields)
    bits += "0" * (-len(bits) % 8)
    return int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


def _parse_plain(rate: Rate, samples: int, data: bytes) -> Tokens:
    fields = _schedule(rate, tokens_needed(rate.name, samples))
    total = sum(n for n, _ in fields)
    if len(data) != -(-total // 8):
        raise SecoustiError(f"{len(data)} bytes of tokens where {-(-total // 8)} belong")
    bits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"
    codes: list[int] = []
    voice: list[int] = []
    at = 0
    for n, is_voice in fields:
        (voice if is_voice else codes).append(int(bits[at : at + n], 2))
        at += n
    return Tokens(
        torch.tensor([codes]), torch.tensor([voice], dtype=torch.int64), rate.name, samples
    )


def _leb128(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def _read_leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(data) - 4:
            break
        value |= (data[at] & 127) << shift
        at += 1
        if not data[at - 1] & 128:
            return value, at
    raise SecoustiError("damaged length field")
