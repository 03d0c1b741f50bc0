"""Frames of MP3, AAC and Opus: how long they are, how their files are opened, and what states the length of an MP3."""

from __future__ import annotations

import struct

from phases.presets import BIT_RATES_KBPS

MP3_FRAME = 1152
AAC_FRAME = 1024
OPUS_FRAME, OPUS_RATE = 960, 48_000
# What libmp3lame puts before the first sample; a decoder adds 529 of its own.
_MP3_ENCODER_DELAY = 576

MP3_BIT_RATES = (0, *BIT_RATES_KBPS)
MP3_RATES = (44_100, 48_000, 32_000)

SMALL_INDEX = {"advanced_editlist": "0"}
"""For M4B files: FFmpeg makes no second list of all frames, which takes 80 MB for twelve hours.

It leaves out the encoder's delay at the start all the same; at the end of a file of this program there is nothing to be
left out.
"""


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
    header = bytes((0xFF, 0xFB, MP3_BIT_RATES.index(bit_rate) << 4 | MP3_RATES.index(rate) << 2, 0xC0))
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
