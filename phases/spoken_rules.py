"""The rules by which text is said otherwise than it is written: one table, from which switches and docs follow.

Standard library only, because whoever checks a configuration asks here for the names, too.
"""

from __future__ import annotations

SPOKEN_RULES: dict[str, str] = {
    "lexicon": "words and phrases of the pronunciation lexicon",
    "url": "web and e-mail addresses, in a short form",
    "reference": "marks of notes such as [1], and sources such as (Smith, 2020): not spoken",
    "spaced": "words that are spaced out for emphasis",
    "chapter": "a heading that is only the number of its chapter",
    "abbreviation": "abbreviations in full",
    "initials": "initials and letters with full stops",
    "date": "dates",
    "time": "times of the day",
    "money": "sums of money",
    "unit": "measures with their units",
    "percentage": "percentages",
    "telephone": "telephone numbers and other long numbers, digit by digit",
    "roman": "Roman numerals where they number something",
    "decade": "decades",
    "ordinal": "ordinal numbers",
    "fraction": "fractions",
    "range": "ranges of numbers",
    "year": "years",
    "number": "all other numbers",
    "symbol": "signs such as & and §, and ornaments",
    "capitals": "words in capital letters, which a voice might spell",
    "dash": "dashes and ellipses of several characters",
    "headline": "the full stop that a heading does without",
    "marked-language": "passages that the book marks as being in another language",
}
"""What each rule changes, by its name, which is its switch in the configuration."""
