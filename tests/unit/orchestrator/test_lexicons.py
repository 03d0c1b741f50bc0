"""Lexicons in the configuration, in files, and beside a book."""

from pathlib import Path

import pytest

from orchestrator.beside import settings_beside
from orchestrator.config import load_config
from orchestrator.lexicons import read_lexicon
from orchestrator.settings import Settings
from pipeline_common.strict_yaml import ConfigError

PLS = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en-GB">
  <lexeme><grapheme>Cholmondeley</grapheme><grapheme>Chumley</grapheme><phoneme>ˈtʃʌmlɪ</phoneme></lexeme>
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
  <lexeme><grapheme>either</grapheme><phoneme>ˈiːðə</phoneme><phoneme prefer="true">ˈaɪðə</phoneme></lexeme>
</lexicon>"""


def entries(path: Path) -> list[dict[str, str]]:
    return Settings.of(load_config(path)).by_phase["chunking"].values["lexicon"]  # type: ignore[no-any-return]


def test_entries_of_the_configuration_come_after_those_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("language: fr\nentries: [{text: Proust, say: Proost}, {text: x, ipa: a}]\n")
    config = tmp_path / "config.yaml"
    config.write_text("text:\n  lexicons: names.yaml\n  lexicon: [{text: Emma, say: Em, case: any}]\n")
    assert entries(config) == [
        {"language": "fr", "text": "Proust", "say": "Proost"},
        {"language": "fr", "text": "x", "ipa": "a"},
        {"text": "Emma", "say": "Em", "case": "any"},
    ]


def test_a_pls_file_gives_phonemes_and_aliases_the_preferred_first(tmp_path: Path) -> None:
    path = tmp_path / "names.pls"
    path.write_text(PLS, encoding="utf-8")
    found = {entry["text"]: entry for entry in read_lexicon(path)}
    assert found["Chumley"] == {"text": "Chumley", "ipa": "ˈtʃʌmlɪ", "language": "en-GB", "case": "exact"}
    assert found["W3C"]["say"] == "World Wide Web Consortium"
    assert found["either"]["ipa"] == "ˈaɪðə"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PLS.replace('"ipa"', '"x-sampa"'), "only IPA is read"),
        (PLS.replace("ˈaɪðə", "a]]b"), r"line 5: 'either'"),
        ("<lexicon", "no XML"),
        ("<other/>", "expected 'lexicon'"),
        ('<!DOCTYPE lexicon [<!ENTITY a SYSTEM "/etc/passwd">]>' + PLS[39:].replace("World", "&a;"), ""),
    ],
)
def test_a_pls_file_that_is_wrong_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "names.pls"
    path.write_text(content, encoding="utf-8")
    if not said:
        assert "root:" not in str(read_lexicon(path))
        return
    with pytest.raises(ConfigError, match=said) as caught:
        read_lexicon(path)
    assert "names.pls" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{text: a}", "say, ipa or both"),
        ("{say: a}", "either a text or a pattern"),
        ("{pattern: '(', say: a}", "no regular expression"),
        ("{pattern: a, say: '\\2'}", "does not fit"),
        ("{text: a, ipa: 'a]]b'}", "no sign of the IPA"),
        ("{text: a, sey: b}", "did you mean say"),
    ],
)
def test_an_entry_that_is_wrong_is_told_with_its_line(tmp_path: Path, entry: str, said: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"text:\n  lexicon:\n  - {entry}\n")
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(config)
    assert "line 3" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("text: {lexicons: [gone.pls]}\n")
    with pytest.raises(ConfigError, match=r"gone\.pls"):
        entries(config)


def test_a_sheet_has_a_lexicon_of_its_own(tmp_path: Path) -> None:
    book = tmp_path / "Emma.epub"
    book.write_text("a book")
    sheet = tmp_path / "Emma.epub.book.yaml"
    (tmp_path / "emma.pls").write_text(PLS, encoding="utf-8")
    sheet.write_text("lexicons: [emma.pls]\nlexicon: [{text: Emma, say: Em}]\nspoken: {capitals: false}\n")
    found = settings_beside(book)["chunking"]
    assert [entry["text"] for entry in found["book_lexicon"]][-2:] == ["either", "Emma"]
    assert found["book_spoken"] == {"capitals": False}
    sheet.write_text("lexicons: [../emma.pls]\n")
    assert "no file in the folder" in settings_beside(book)["validation"]["sheet_error"]
