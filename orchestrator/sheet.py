"""``<file name>.book.yaml``: what somebody wants for one book, over what its file says and over the configuration."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from orchestrator.sections.fields import LanguageTag, Section
from orchestrator.sections.lexicon import Lexicon, LexiconNames
from orchestrator.sections.text import RuleSwitches, SpokenSwitches


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _as_names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else _as_tuple(value)


def _as_text(value: Any) -> Any:
    """A year or a number in a series as YAML reads it, as text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Titles = Annotated[tuple[str, ...], BeforeValidator(_as_names)]
Text = Annotated[str | None, BeforeValidator(_as_text)]


class ChaptersSection(Section):
    """Which chapters are spoken, by their titles as ``--dry-run --text`` shows them."""

    skip: Titles = Field((), description="left out")
    keep: Titles = Field((), description="spoken, whatever the rules say")


class Sheet(Section):
    """The whole of ``<file name>.book.yaml``; every key may be left out."""

    title: Text = Field(None, description="the book's title")
    subtitle: Text = Field(None, description="its subtitle")
    author: Titles = Field((), description="one name, or a list of them")
    series: Text = Field(None, description="the series that it belongs to")
    series_index: Text = Field(None, description="its number in the series")
    publisher: Text = Field(None, description="its publisher")
    year: Text = Field(None, description="when it was published")
    isbn: Text = Field(None, description="its ISBN")
    description: Text = Field(None, description="a few sentences about it")
    language: LanguageTag | None = Field(None, description="its language, such as en-GB")
    cover: str | None = Field(None, description="a JPEG or PNG file in the same folder")
    voice: str | None = Field(None, description="the voice for this book")
    chapters: ChaptersSection = ChaptersSection()
    rules: RuleSwitches = Field(default_factory=dict)
    spoken: SpokenSwitches = Field(default_factory=dict)
    lexicon: Lexicon = ()
    lexicons: LexiconNames = ()
