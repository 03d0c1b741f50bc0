"""Covers: which of several pictures it is, and a plain one that is drawn for a book without any."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from phases.readers import text
from phases.readers.document import Cover
from phases.readers.limits import MEGABYTE

# What shops ask for: 2400 pixels square (ACX, Audible). With a few colours it is some 30 KB.
_SIDE = 2400
_MARGIN = 240
_TITLE_SIZES = (260, 210, 170, 130, 100)
_AUTHOR_SIZE = 110
_LINES_FILL = 1300
# A picture of this shape may be a cover; a band or a rule is an ornament.
_NARROWEST, _WIDEST = 0.4, 2.5
_MOST_BYTES = 15 * MEGABYTE
_MOST_PIXELS = 60_000_000
# Dark, quiet backgrounds on which white letters can be read.
_COLOURS = (
    (31, 58, 95),
    (74, 44, 64),
    (47, 79, 58),
    (91, 58, 41),
    (55, 65, 92),
    (90, 42, 42),
    (43, 74, 82),
    (70, 65, 58),
)
_SHADES = 16
_WHITE = 255


def chosen(pictures: Iterable[bytes]) -> Cover | None:
    """The largest of some pictures that can be a cover; of equal ones the first. None where none can.

    Args:
        pictures: JPEG, PNG, GIF or WebP, or anything else; the likeliest first.
    """
    best: tuple[int, Cover] | None = None
    for data in pictures:
        suffix = _suffix(data)
        if suffix is None or len(data) > _MOST_BYTES:
            continue
        size = _size(data)
        if size is None and suffix == "other":
            continue
        width, height = size or (0, 0)
        if size is not None and not (
            height and _NARROWEST <= width / height <= _WIDEST and width * height <= _MOST_PIXELS
        ):
            continue
        if best is None or width * height > best[0]:
            best = (width * height, Cover(data, suffix))
    if best is None:
        return None
    return best[1] if best[1].suffix != "other" else _converted(best[1].data)


def beside(folder: Path, name: str) -> Cover | None:
    """The cover in a file of the book's folder; None where it is no picture that can be one."""
    try:
        return chosen([(folder / name).read_bytes()])
    except OSError:
        return None


def _suffix(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "other" if data.startswith(b"GIF8") or data[8:12] == b"WEBP" else None


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where the picture cannot be opened."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _converted(data: bytes) -> Cover | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            target = io.BytesIO()
            picture.convert("RGB").save(target, "PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return Cover(target.getvalue(), "png")


def generated(title: str, authors: Sequence[str]) -> Cover:
    """A plain cover: title and authors on one colour, or the colour alone where the font lacks their letters."""
    from PIL import Image, ImageDraw, ImageFont

    number = hashlib.sha256("\n".join([title, *authors]).encode("utf-8", "replace")).digest()[0]
    picture = Image.new("L", (_SIDE, _SIDE), 0)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((_MARGIN // 2, _MARGIN // 2, _SIDE - _MARGIN // 2, _SIDE - _MARGIN // 2), outline=_WHITE, width=8)

    def lines(said: str, size: int) -> tuple[list[str], ImageFont.FreeTypeFont | ImageFont.ImageFont]:
        font = ImageFont.load_default(size)
        broken = [""]
        for word in said.split():
            longer = f"{broken[-1]} {word}".strip()
            if broken[-1] and font.getlength(longer) > _SIDE - 2 * _MARGIN:
                broken.append(word)
            else:
                broken[-1] = longer
        return broken, font

    if _can_draw(title):
        for size in _TITLE_SIZES:
            shown, font = lines(text.one_line(title)[:300], size)
            fits = all(font.getlength(line) <= _SIDE - 2 * _MARGIN for line in shown)
            if fits and len(shown) * size * 1.25 <= _LINES_FILL:
                break
        for number, line in enumerate(shown):
            draw.text((_SIDE / 2, 2 * _MARGIN + number * size * 1.25), line, font=font, fill=_WHITE, anchor="ma")
        said = ", ".join(authors)
        if said and _can_draw(said):
            shown, font = lines(text.one_line(said)[:120], _AUTHOR_SIZE)
            draw.text((_SIDE / 2, _SIDE - 2 * _MARGIN), shown[0], font=font, fill=_WHITE, anchor="ms")
    target = io.BytesIO()
    shades = picture.point([value * (_SHADES - 1) // _WHITE for value in range(_WHITE + 1)]).convert("P")
    shades.putpalette(_shades_of(_COLOURS[number % len(_COLOURS)]))
    shades.save(target, "PNG", bits=4)
    return Cover(target.getvalue(), "png")


def _shades_of(colour: tuple[int, int, int]) -> list[int]:
    """A palette from a colour to white."""
    steps = [step / (_SHADES - 1) for step in range(_SHADES)]
    return [round(part + (_WHITE - part) * step) for step in steps for part in colour]


def _can_draw(said: str) -> bool:
    """Whether the font has the letters: it is for the Latin script."""
    letters = [character for character in said if character.isalpha()]
    return bool(letters) and all(ord(character) < 0x250 for character in letters)
