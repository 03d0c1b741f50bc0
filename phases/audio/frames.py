"""Frames of MP3, of AAC in ADTS and of Opus in Ogg, and the one that tells a player how much of an MP3 to leave out."""

from __future__ import annotations

import itertools
import struct

from phases.presets import BIT_RATES_KBPS

MP3_FRAME = 1152
AAC_FRAME = 1024
OPUS_FRAME, OPUS_RATE = 960, 48_000
# What libmp3lame puts before the first sample; a decoder adds 529 of its own.
_MP3_ENCODER_DELAY = 576

_MP3_BIT_RATES = (0, *BIT_RATES_KBPS)
_MP3_RATES = (44_100, 48_000, 32_000)
_ADTS_HEADER = 7
_OGG_HEADER = 27
_OGG_CONTINUED = 255  # a segment of this size goes on in the next one
_OPUS_HEADERS = 2


class FrameError(Exception):
    """An encoder's output is not made of the frames that were asked for."""


def unpacked(coder: str, data: bytes) -> list[bytes]:
    """The frames in an encoder's output, without what stands between them.

    Args:
        coder: ``mp3``, ``aac`` (in ADTS) or ``opus`` (in Ogg).
        data: all of it.

    Raises:
        FrameError: it is not made of such frames.
    """
    if coder == "opus":
        return ogg_packets(data)[_OPUS_HEADERS:]
    offsets = mp3_frames(data) if coder == "mp3" else adts_frames(data)
    header = 0 if coder == "mp3" else _ADTS_HEADER
    return [data[start + header : end] for start, end in itertools.pairwise(offsets)]


def mp3_frames(data: bytes) -> list[int]:
    """Where each frame of MPEG-1 layer III begins, and last the end of the data.

    Raises:
        FrameError: something else lies between.
    """
    offsets = [0]
    while offsets[-1] + 4 <= len(data):
        at = offsets[-1]
        rate_index, bit_rate_index = (data[at + 2] >> 2) & 3, data[at + 2] >> 4
        if data[at] != 0xFF or data[at + 1] & 0xFE != 0xFA or rate_index == 3 or bit_rate_index in (0, 15):
            raise FrameError(f"no MP3 frame at byte {at}")
        size = 144_000 * _MP3_BIT_RATES[bit_rate_index] // _MP3_RATES[rate_index] + ((data[at + 2] >> 1) & 1)
        offsets.append(at + size)
    return _closed(offsets, data)


def adts_frames(data: bytes) -> list[int]:
    """Where each ADTS frame begins, and last the end of the data.

    Raises:
        FrameError: something else lies between.
    """
    offsets = [0]
    while offsets[-1] + _ADTS_HEADER <= len(data):
        at = offsets[-1]
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or size < _ADTS_HEADER:
            raise FrameError(f"no AAC frame at byte {at}")
        offsets.append(at + size)
    return _closed(offsets, data)


def ogg_packets(data: bytes) -> list[bytes]:
    """The packets of one logical stream in Ogg (RFC 3533), headers first.

    Raises:
        FrameError: something else lies between the pages.
    """
    packets: list[bytes] = []
    at, parts = 0, b""
    while at < len(data):
        count = data[at + _OGG_HEADER - 1] if at + _OGG_HEADER <= len(data) else 0
        table = data[at + _OGG_HEADER : at + _OGG_HEADER + count]
        begin = at + _OGG_HEADER + count
        if data[at : at + 4] != b"OggS" or begin + sum(table) > len(data):
            raise FrameError(f"no Ogg page at byte {at}")
        at = begin
        for size in table:
            parts += data[at : at + size]
            at += size
            if size < _OGG_CONTINUED:
                packets.append(parts)
                parts = b""
    return packets


def _closed(offsets: list[int], data: bytes) -> list[int]:
    if offsets[-1] != len(data):
        raise FrameError(f"the last frame ends at byte {offsets[-1]} of {len(data)}")
    return offsets


def info_frame(samples: int, audio_bytes: int, rate: int, bitrate_kbps: int) -> bytes:
    """The silent first frame of an MP3 that states its length, and what to skip at both ends (Xing and LAME tags).

    Without it a player starts 575 samples late and plays the padding.

    Args:
        samples: the length of the sound.
        audio_bytes: the size of all frames after this one.
        rate: samples a second.
        bitrate_kbps: of the sound; the tag needs a frame of at least 64.
    """
    bit_rate = max(64, bitrate_kbps)
    size = 144_000 * bit_rate // rate
    frames = samples // MP3_FRAME + 1
    padding = frames * MP3_FRAME - samples - _MP3_ENCODER_DELAY
    header = bytes((0xFF, 0xFB, _MP3_BIT_RATES.index(bit_rate) << 4 | _MP3_RATES.index(rate) << 2, 0xC0))
    contents = bytes(index * 255 // 100 for index in range(100))
    frame = header + bytes(17) + b"Info" + struct.pack(">III", 15, frames, size + audio_bytes) + contents
    frame += struct.pack(">I", 50) + b"LAME3.100" + bytes((1, 110)) + bytes(8) + bytes((0, min(255, bitrate_kbps)))
    frame += (_MP3_ENCODER_DELAY << 12 | padding).to_bytes(3, "big") + bytes(4)
    frame += struct.pack(">I", size + audio_bytes) + bytes(2)
    return (frame + _crc16(frame).to_bytes(2, "big")).ljust(size, b"\0")


def _crc16(data: bytes) -> int:
    """CRC-16 with the polynomial 0x8005, bits reversed, as LAME computes it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
