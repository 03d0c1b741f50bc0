"""Tags, chapters and cover of every container, read back by a program that has not written them."""

from __future__ import annotations

import io
import json
from array import array
from pathlib import Path

import av
import numpy as np
import pytest
from lxml import etree
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from PIL import Image

from phases.audio import mp4
from phases.audio.languages import three_letters
from phases.audio.tags import Chapter, Cover, Tags, Track, id3_tag, tags_of, write_mp4, write_vorbis
from phases.readers import opf
from phases.sidefiles import metadata_document, package_document, write_side_files

BOOK = {
    "title": "Tea & <Storm>",
    "subtitle": "A Tale",
    "authors": ["Ann Author", "Bo Writer"],
    "series": "Tides",
    "series_index": "2",
    "language": "en-GB",
    "publisher": "Old House",
    "published": "1901-05-01",
    "description": "About “tea”.",
    "identifier": "urn:uuid:1",
    "isbn": "9780141439587",
}
TAGS = tags_of(BOOK, "eSpeak NG")
CHAPTERS = [Chapter(1, "One: the Café", 0.0, 0.75), Chapter(2, "Two", 0.75, 2.0)]
_RAW = {"mp3": {"id3v2_version": "0", "write_xing": "0"}}
FORMATS = {"mp3": ("mp3", "mp3"), "m4b": ("ipod", "aac"), "flac": ("flac", "flac"), "opus": ("ogg", "libopus")}


def picture(form: str, size: int = 40) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (size, size), (90, 20, 20)).save(target, form)
    return target.getvalue()


COVER = Cover(picture("JPEG"), "jpg")


def sound(path: Path) -> Path:
    """Two seconds of silence."""
    container, codec = FORMATS[path.suffix[1:]]
    with av.open(str(path), "w", format=container, options=_RAW.get(codec, {})) as file:
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 96_000), np.int16), format="s16", layout="mono")
        frame.rate = 48_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def tagged(path: Path, tags: Tags = TAGS, cover: Cover | None = COVER) -> Path:
    sound(path)
    if path.suffix == ".mp3":
        path.write_bytes(id3_tag(tags, CHAPTERS, cover) + path.read_bytes())
    elif path.suffix == ".m4b":
        write_mp4(path, tags, cover)
    else:
        write_vorbis(path, tags, CHAPTERS, cover)
    return path


def read_by_ffmpeg(path: Path) -> tuple[dict[str, str], list[tuple[float, str]], list[str]]:
    """Tags by their names in lower case, chapters, and the kinds of attached pictures."""
    with av.open(str(path)) as file:
        found = {**file.streams.audio[0].metadata, **file.metadata}
        marks = [
            (float(chapter["start"] * (chapter["time_base"] or 0)), chapter["metadata"].get("title", ""))
            for chapter in file.chapters()
        ]
        pictures = [stream.codec_context.name for stream in file.streams.video]
    return {name.lower(): value for name, value in found.items()}, marks, pictures


@pytest.mark.parametrize("name", FORMATS)
def test_ffmpeg_reads_what_a_library_asks_for(tmp_path: Path, name: str) -> None:
    found, marks, pictures = read_by_ffmpeg(tagged(tmp_path / f"a.{name}"))
    assert found["title"] == found["album"] == "Tea & <Storm>"
    assert found["artist"] == found["album_artist"] == "Ann Author, Bo Writer"
    assert found["composer"] == "eSpeak NG"
    assert found["genre"] == "Audiobook"
    assert found["date"] == "1901"
    assert found["publisher"] == "Old House"
    assert (found["series"], found["series-part"], found["isbn"]) == ("Tides", "2", "9780141439587")
    assert found["language"] == "eng"
    assert "A Tale" in (found.get("subtitle"), found.get("tit3"))
    assert "Tides 2 - Tea & <Storm>" in {found.get(key) for key in ("album-sort", "sort_album", "albumsort", "tsoa")}
    assert "About “tea”." in {found.get(key) for key in ("comment", "description")}
    assert found["track"].split("/")[0] == "1"
    assert pictures == ["mjpeg"]
    if name != "m4b":  # an MP4's chapters are written with its sound
        assert marks == [(0.0, "One: the Café"), (0.75, "Two")]


def test_every_frame_of_the_mp3_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(id3_tag(TAGS, CHAPTERS, COVER, Track(3, 12, "Two")) + bytes(10))
    tags = ID3(path)
    assert {name: str(tags[name]) for name in ("TIT2", "TIT3", "TALB", "TSOA", "TPE1", "TPE2", "TCOM", "TCON")} == {
        "TIT2": "Two",
        "TIT3": "A Tale",
        "TALB": "Tea & <Storm>",
        "TSOA": "Tides 2 - Tea & <Storm>",
        "TPE1": "Ann Author, Bo Writer",
        "TPE2": "Ann Author, Bo Writer",
        "TCOM": "eSpeak NG",
        "TCON": "Audiobook",
    }
    assert [str(tags[name]) for name in ("TRCK", "TPUB", "TLAN", "TDRC")] == ["3/12", "Old House", "eng", "1901"]
    assert [str(tags[f"TXXX:{name}"]) for name in ("SERIES", "SERIES-PART", "ISBN")] == ["Tides", "2", BOOK["isbn"]]
    assert tags["COMM::und"].text == ["About “tea”."]
    assert (tags["APIC:"].mime, tags["APIC:"].type, tags["APIC:"].data) == ("image/jpeg", 3, COVER.data)
    assert tags["CTOC:toc"].child_element_ids == ["ch1", "ch2"]


def test_more_chapters_than_an_mp3s_table_of_contents_takes_are_in_several(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(id3_tag(TAGS, [Chapter(n, f"Part {n}", n, n + 1) for n in range(1, 301)], None) + bytes(10))
    tag = ID3(path)
    assert tag["CTOC:toc"].child_element_ids == ["toc1", "toc2"]
    places = [*tag["CTOC:toc1"].child_element_ids, *tag["CTOC:toc2"].child_element_ids]
    assert places == [f"ch{number}" for number in range(1, 301)]
    assert str(tag["CHAP:ch300"].sub_frames["TIT2"]) == "Part 300"


def test_every_atom_of_the_m4b_is_there(tmp_path: Path) -> None:
    tags = MP4(tagged(tmp_path / "a.m4b"))
    assert tags["\xa9wrt"] == tags["\xa9nrt"] == ["eSpeak NG"]
    assert tags["soal"] == ["Tides 2 - Tea & <Storm>"]
    assert tags["\xa9day"] == ["1901"]
    assert tags["desc"] == ["About “tea”."]
    assert (tags["stik"], tags["pgap"], tags["trkn"]) == ([2], True, [(1, 1)])
    assert bytes(tags["covr"][0]) == COVER.data
    assert bytes(tags["----:com.apple.iTunes:SERIES"][0]) == b"Tides"


@pytest.mark.parametrize(("chapters", "has_nero_list"), [(255, True), (256, False)])
def test_an_m4b_has_its_chapters_as_a_track_and_up_to_255_as_a_list_too(
    tmp_path: Path, chapters: int, has_nero_list: bool
) -> None:
    marks = [(number * 1024, (number + 1) * 1024, f"Part {number}") for number in range(chapters)]
    sizes = array("H", [4] * (chapters + 1))
    header = mp4.header(sizes, rate=44_100, samples=chapters * 1024, chapters=marks)
    assert (b"chpl" in header) is has_nero_list
    media = mp4.media_header(sizes, marks) + bytes(sum(sizes)) + b"".join(mp4.chapter_samples(marks))
    path = tmp_path / "a.m4b"
    path.write_bytes(header + media)
    with av.open(path) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == [title for _, _, title in marks]


@pytest.mark.parametrize("name", ["flac", "opus"])
def test_tags_that_are_written_again_replace_the_old_ones(tmp_path: Path, name: str) -> None:
    path = tagged(tmp_path / f"a.{name}")
    once = path.read_bytes()
    write_vorbis(path, TAGS, CHAPTERS, COVER)
    assert path.read_bytes() == once
    write_vorbis(path, Tags("Plain", []), [], None, Track(2, 3, "Part"))
    read = (FLAC if name == "flac" else OggOpus)(path)
    assert (read["title"], read["album"], read["artist"]) == (["Part"], ["Plain"], ["Unknown Author"])
    assert (read["tracknumber"], read["tracktotal"]) == (["2"], ["3"])
    assert not {"series", "chapter000", "metadata_block_picture", "date"} & {key.lower() for key in read.tags.keys()}  # noqa: SIM118
    assert read_by_ffmpeg(path)[2] == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_book_that_says_nothing_of_itself_has_tags_too(tmp_path: Path, name: str) -> None:
    found, _, pictures = read_by_ffmpeg(tagged(tmp_path / f"a.{name}", tags_of({}, None), None))
    assert (found["title"], found["artist"]) == ("Untitled", "Unknown Author")
    assert not {"series", "isbn", "publisher", "composer", "date", "language"} & (
        found.keys() - ({"language"} if found.get("language") == "und" else set())
    )
    assert pictures == []


def test_languages_have_three_letters() -> None:
    tags = ("en", "en-GB", "DE", "gsw", "zh-Hant", "x", "", None)
    assert [three_letters(tag) for tag in tags] == ["eng", "eng", "deu", "gsw", "zho", None, None, None]


def test_metadata_has_the_keys_that_a_library_reads() -> None:
    document = metadata_document(TAGS, CHAPTERS)
    assert document["chapters"][1] == {"id": 1, "start": 0.75, "end": 2.0, "title": "Two"}
    assert (document["publishedYear"], document["publishedDate"]) == ("1901", "1901-05-01")
    assert (document["series"], document["subtitle"], document["narrators"]) == (["Tides #2"], "A Tale", ["eSpeak NG"])
    assert (document["isbn"], document["language"]) == ("9780141439587", "en-GB")
    assert metadata_document(tags_of({"series": "Tides"}, None), [])["series"] == ["Tides"]
    assert tags_of({"identifier": "urn:isbn:978-0141439587"}, None).isbn == "9780141439587"
    assert tags_of({"identifier": "https://example.org/1"}, None).isbn is None


def test_the_package_document_says_of_the_book_what_the_book_said(tmp_path: Path) -> None:
    path = tmp_path / "metadata.opf"
    path.write_text(package_document(TAGS), encoding="utf-8")
    found = opf.read(path)
    assert (found.title, found.authors, found.language) == (BOOK["title"], ("Ann Author", "Bo Writer"), "en-GB")
    assert (found.series, found.series_index, found.isbn) == ("Tides", "2", BOOK["isbn"])
    assert (found.publisher, found.published, found.description) == ("Old House", "1901-05-01", "About “tea”.")
    roles = {element.get("{http://www.idpf.org/2007/opf}role") for element in etree.parse(path).iter()}
    assert {"aut", "nrt"} <= roles


def test_a_package_document_is_xml_whatever_the_book_says(tmp_path: Path) -> None:
    tags = Tags("a\x00\ud800\ufffe]]>&<b", ['"Q"'], series='"><evil/>', volume="'1'")
    root = etree.fromstring(package_document(tags).encode())
    assert [element.text for element in root.iter("{*}title")] == ["a]]>&<b"]
    assert [element.get("content") for element in root.iter("{*}meta")] == ['"><evil/>', "'1'"]


def test_the_files_beside_an_audiobook_are_those_of_media_servers(tmp_path: Path) -> None:
    written = write_side_files(tmp_path, TAGS, CHAPTERS, Cover(picture("PNG"), "png"))
    assert sorted(written.values()) == ["cover.jpg", "desc.txt", "metadata.json", "metadata.opf", "reader.txt"]
    assert (tmp_path / "desc.txt").read_text(encoding="utf-8") == "About “tea”.\n"
    assert (tmp_path / "reader.txt").read_text(encoding="utf-8") == "eSpeak NG\n"
    assert json.loads((tmp_path / "metadata.json").read_text(encoding="utf-8"))["title"] == BOOK["title"]
    with Image.open(tmp_path / "cover.jpg") as shown:
        assert (shown.format, shown.size) == ("JPEG", (40, 40))


def test_a_cover_that_cannot_be_opened_is_delivered_as_it_is(tmp_path: Path) -> None:
    broken = Cover(picture("PNG")[:60], "png")
    written = write_side_files(tmp_path, tags_of({}, None), [], broken)
    assert written == {"metadata": "metadata.json", "opf": "metadata.opf", "cover": "cover.png"}
    assert (tmp_path / "cover.png").read_bytes() == broken.data
