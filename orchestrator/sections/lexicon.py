"""Entries of the pronunciation lexicon."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from orchestrator.sections.fields import LanguageTag, Section, as_tuple
from phases.ipa import signs

_Words = Annotated[str, Field(min_length=1, max_length=1000)]


class LexiconEntry(Section):
    """How a word, a phrase, or what a regular expression finds, is said."""

    text: _Words | None = Field(None, description="a word or a phrase; whole words are found")
    pattern: _Words | None = Field(None, description="a regular expression, in the place of `text`")
    say: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="what the voice is given; for a pattern, `\\1` is its first group"
    )
    ipa: _Words | None = Field(None, description="how it is pronounced, for a voice that can be told")
    language: LanguageTag | None = Field(
        None, description="a language that it is for, such as en or en-GB; null is all"
    )
    case: Literal["any", "exact"] | None = Field(
        None,
        description="`exact` or `any`; null is `any` for a text in lower case, else as it stands and in capitals",
    )

    @model_validator(mode="after")
    def _checked(self) -> LexiconEntry:
        if (self.text is None) == (self.pattern is None):
            raise ValueError("an entry has either a text or a pattern")
        if self.say is None and self.ipa is None:
            raise ValueError("an entry has say, ipa or both")
        if self.ipa is not None:
            list(signs(self.ipa))
        if self.pattern is not None:
            _check_pattern(self.pattern, self.say)
        if self.text is not None and not self.text.strip():
            raise ValueError("the text of an entry is not empty")
        return self


def _check_pattern(pattern: str, say: str | None) -> None:
    import regex

    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    if say is None:
        return
    try:
        regex.compile(f"(?:{pattern})|").sub(say, "")  # names groups that there are not
    except (regex.error, IndexError) as error:
        raise ValueError(f"{say!r} does not fit {pattern!r}, which has {compiled.groups} groups: {error}") from error


Lexicon = Annotated[
    tuple[LexiconEntry, ...],
    BeforeValidator(as_tuple),
    Field(description="how words are said: a list of `{text, say, ipa, language, case}`; docs/spoken.md"),
]


def _as_names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else as_tuple(value)


LexiconNames = Annotated[
    tuple[_Words, ...], BeforeValidator(_as_names), Field(description="lexicons in files: YAML, or W3C PLS (.pls)")
]


class LexiconFile(Section):
    """A lexicon in a file of its own."""

    language: LanguageTag | None = Field(None, description="of the entries that name none")
    entries: Lexicon = ()
