"""Takes the frames of MP3, of AAC in ADTS and of Opus in Ogg out of an encoder's output."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from phases.audio.frames import MP3_BIT_RATES, MP3_RATES

_ADTS_HEADER = 7
_OGG_HEADER = 27
_OGG_CONTINUED = 255  # a segment of this size goes on in the next one
_OPUS_HEADERS = 2


class FrameError(Exception):
    """An encoder's output is not made of the frames that were asked for."""


def unpacked(coder: str, data: bytes, most: int) -> tuple[bytes, array[int]]:
    """The first frames in an encoder's output, without what stands between them, and the size of each in bytes.

    Args:
        coder: ``mp3``, ``aac`` (in ADTS) or ``opus`` (in Ogg).
        data: all of it.
        most: how many are wanted.

    Raises:
        FrameError: it is not made of such frames.
    """
    if coder == "opus":
        packets = ogg_packets(data)[_OPUS_HEADERS:][:most]
        return b"".join(packets), array("H", map(len, packets))
    offsets = np.array((mp3_frames(data) if coder == "mp3" else adts_frames(data))[: most + 1])
    if coder == "mp3":
        return data[: offsets[-1]], array("H", np.diff(offsets).tolist())
    is_kept = np.ones(offsets[-1], np.bool_)
    is_kept[offsets[:-1, np.newaxis] + np.arange(_ADTS_HEADER)] = False
    frames = np.frombuffer(data, np.uint8, offsets[-1])[is_kept]
    return frames.tobytes(), array("H", (np.diff(offsets) - _ADTS_HEADER).tolist())


def mp3_frames(data: bytes) -> list[int]:
    """Where each frame of MPEG-1 layer III begins, and last the end of the data.

    Raises:
        FrameError: something else lies between.
    """
    at = _marks(data, 0xFE, 0xFA, 4)
    third = np.frombuffer(data, np.uint8)[at + 2].astype(np.int64)
    rate_index, bit_rate_index = (third >> 2) & 3, third >> 4
    is_frame = (rate_index != 3) & (bit_rate_index != 0) & (bit_rate_index != 15)
    at, third, rate_index, bit_rate_index = (row[is_frame] for row in (at, third, rate_index, bit_rate_index))
    sizes = 144_000 * np.array(MP3_BIT_RATES)[bit_rate_index] // np.array(MP3_RATES)[rate_index] + ((third >> 1) & 1)
    return _chained("MP3", data, at, sizes, 4)


def adts_frames(data: bytes) -> list[int]:
    """Where each ADTS frame begins, and last the end of the data.

    Raises:
        FrameError: something else lies between.
    """
    at = _marks(data, 0xF6, 0xF0, _ADTS_HEADER)
    third, fourth, fifth = (np.frombuffer(data, np.uint8)[at + byte].astype(np.int64) for byte in (3, 4, 5))
    sizes = (third & 3) << 11 | fourth << 3 | fifth >> 5
    is_frame = sizes >= _ADTS_HEADER
    return _chained("AAC", data, at[is_frame], sizes[is_frame], _ADTS_HEADER)


def _marks(data: bytes, mask: int, wanted: int, header: int) -> npt.NDArray[np.int64]:
    """Where all bits of a byte are set, and `mask` of the next one's are `wanted`: a header may begin there."""
    values = np.frombuffer(data, np.uint8)[: max(0, len(data) + 1 - header)]
    at = np.flatnonzero(values == 0xFF)
    following = np.frombuffer(data, np.uint8)[at + 1]
    return np.asarray(at[(following & mask) == wanted])


def _chained(name: str, data: bytes, at: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], header: int) -> list[int]:
    """The offsets of frames that follow each other from the first byte to the last; other marks are within frames."""
    following = dict(zip(at.tolist(), (at + sizes).tolist(), strict=True))
    offsets = [0]
    while (end := following.get(offsets[-1])) is not None:
        offsets.append(end)
    if offsets[-1] + header <= len(data):
        raise FrameError(f"no {name} frame at byte {offsets[-1]}")
    if offsets[-1] != len(data):
        raise FrameError(f"the last frame ends at byte {offsets[-1]} of {len(data)}")
    return offsets


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
