"""What a file really is, from its content; the extension only tells text formats apart."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from phases.contract import PermanentError
from phases.readers.archive import damaged

READ = ("txt", "md", "html", "epub", "docx", "odt", "rtf", "fb2", "pdf")
EXTENSIONS = {
    ".txt": "txt",
    ".text": "txt",
    ".md": "md",
    ".markdown": "md",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".epub": "epub",
    ".docx": "docx",
    ".pdf": "pdf",
    ".odt": "odt",
    ".rtf": "rtf",
    ".fb2": "fb2",
    ".kepub": "epub",
}
_SHOWN = ".txt .md .html .xhtml .epub .docx .odt .rtf .fb2 .pdf"
_NAMES = {
    "epub": "an EPUB",
    "docx": "a Word document",
    "pdf": "a PDF",
    "odt": "an OpenDocument text",
    "rtf": "a Rich Text file",
    "fb2": "a FictionBook",
}

# What people have books in that is not read: its name, and what converts it.
_CALIBRE = "Convert it to EPUB with Calibre"
_OFFICE = "Save it as .docx with a word processor such as LibreOffice"
_OTHER = {
    "doc": ("an old Word document (.doc)", _OFFICE),
    "mobi": ("a Kindle book (MOBI)", _CALIBRE),
    "azw": ("a Kindle book", _CALIBRE),
    "azw3": ("a Kindle book (AZW3)", _CALIBRE),
    "kfx": ("a Kindle book (KFX)", _CALIBRE),
    "chm": ("a compiled help file (CHM)", _CALIBRE),
    "pages": ("an Apple Pages document", _OFFICE),
    "tex": ("a TeX source", "Convert it to .docx or .html with pandoc"),
    "wpd": ("a WordPerfect document", _OFFICE),
    "lit": ("a Microsoft Reader book", _CALIBRE),
    "lrf": ("a Sony Reader book", _CALIBRE),
    "pdb": ("a Palm book", _CALIBRE),
    "djvu": ("a DjVu scan", "Run OCR on it and save the text as PDF or TXT"),
    "cbz": ("a comic book archive", "It holds pictures, not text"),
    "cbr": ("a comic book archive", "It holds pictures, not text"),
    "image": ("a picture", "Run OCR on it and save the text as PDF or TXT"),
    "office": ("a spreadsheet or presentation", "Save its text as .docx or .txt"),
    "audio": ("a sound or video file", "It needs no audiobook made of it"),
    "zip": ("a ZIP archive", "Unpack it and put the books in it into the folder"),
    "archive": ("a packed archive", "Unpack it and put the books in it into the folder"),
    "program": ("a program or database", "Remove it from the folder"),
}
_OTHER_EXTENSIONS = {
    **{
        f".{name}": name
        for name in (
            "doc",
            "mobi",
            "azw",
            "azw3",
            "kfx",
            "chm",
            "lit",
            "lrf",
            "pdb",
            "djvu",
            "cbz",
            "cbr",
            "pages",
            "tex",
            "wpd",
        )
    },
    ".prc": "mobi",
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp"), "image"),
}
_MAGIC = (
    (b"ITSF", "chm"),
    (b"\xffWPC", "wpd"),
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"GIF8", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"AT&TFORM", "djvu"),
    (b"ITOLITLS", "lit"),
    (b"L\x00R\x00F\x00", "lrf"),
    (b"TPZ0", "azw"),
    (b"\xeaDRMION", "kfx"),
    (b"CONT\x02\x00", "kfx"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh9", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"ID3\x03", "audio"),
    (b"ID3\x04", "audio"),
    (b"OggS\x00", "audio"),
    (b"fLaC\x00", "audio"),
    (b"\x7fELF", "program"),
    (b"MZ\x90\x00", "program"),
    (b"SQLite format 3\x00", "program"),
)
_HTML = re.compile(
    rb"(?>\s+|<!--.{0,2000}?-->|<\?xml[^>]{0,300}>)*+<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD_BYTES = 8192


def sniff(path: Path) -> str:
    """The format of a file: one of `READ`.

    Args:
        path: a file that is not empty.

    Raises:
        PermanentError: ``unsupported`` for a format that is not read, ``encrypted`` for a protected office document,
            ``damaged`` where the extension promises more than the content holds.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    suffix = path.suffix.lower()
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return "rtf"
    other = _other(head)
    if other is not None:
        raise unsupported(path.name, other)
    if head.startswith(_OLE):
        raise _ole_error(path)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_format(path)
    if _is_html(head):
        return "html"
    if b"<FictionBook" in head:
        return "fb2"
    if suffix in _OTHER_EXTENSIONS:
        raise unsupported(path.name, _OTHER_EXTENSIONS[suffix])
    promised = EXTENSIONS.get(suffix, "txt")
    if promised in _NAMES:
        raise damaged(path.name, f"it is named {suffix} but what is in it is not {_NAMES[promised]}")
    return promised


def _is_html(head: bytes) -> bool:
    for encoding in ("utf-16", "utf-8-sig"):
        if head.startswith((b"\xff\xfe", b"\xfe\xff") if encoding == "utf-16" else b"\xef\xbb\xbf"):
            head = head.decode(encoding, errors="ignore").encode()
    return _HTML.match(head) is not None


def _other(head: bytes) -> str | None:
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[60:68] == b"BOOKMOBI" or head[60:68] == b"TEXtREAd":
        return "mobi"
    if head[:3] == b"\0\0\0" and head[4:8] == b"ftyp":
        return "audio"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image", b"WAVE": "audio", b"AVI ": "audio"}.get(head[8:12])
    return None


def _zip_format(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mimetype = (
                archive.read("mimetype")[:200]
                if "mimetype" in names and archive.getinfo("mimetype").file_size < 1000
                else b""
            )
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise damaged(path.name, f"it is a ZIP file that cannot be opened ({error})") from error
    if b"epub" in mimetype or "META-INF/container.xml" in names:
        return "epub"
    if b"opendocument.text" in mimetype:
        return "odt"
    if any(name.startswith("word/") for name in names):
        return "docx"
    if "[Content_Types].xml" in names:
        if any(name.startswith(("xl/", "ppt/")) for name in names):
            raise unsupported(path.name, "office")
        return "docx"
    if any(name.lower().endswith(".opf") for name in names):
        return "epub"
    if any(name.lower().endswith(".fb2") for name in names):
        return "fb2"
    raise unsupported(path.name, "cbz" if path.suffix.lower() == ".cbz" else "zip")


def _ole_error(path: Path) -> PermanentError:
    with path.open("rb") as file:
        start = file.read(1024 * 1024)
    if "EncryptedPackage".encode("utf-16-le") in start:
        return PermanentError(
            f"{path.name} is protected with a password. Open it in a word processor, save it without one, and "
            "run again.",
            error_type="encrypted",
        )
    return unsupported(path.name, "doc")


def unsupported(name: str, kind: str) -> PermanentError:
    """The error for a format that is not read."""
    what, remedy = _OTHER[kind]
    return PermanentError(
        f"{name} is {what}; this version reads {_SHOWN}. {remedy} and run again.", error_type="unsupported"
    )
