"""What is said for what is written, pair by pair; and that the page about it says nothing else."""

import pytest
from spoken_pairs import PAGE, Pair, page, pairs

from phases.spoken.wording import LANGUAGES, Wording
from phases.spoken_rules import SPOKEN_RULES

ALL = [pair for language in LANGUAGES for pair in pairs(language)]


@pytest.mark.parametrize("pair", ALL, ids=lambda pair: f"{pair.language}-{pair.rule}-{pair.written[:30]}")
def test_what_is_written_is_said_so(pair: Pair) -> None:
    said, rules = pair.said()
    assert said == pair.spoken
    assert (pair.rule in rules) == pair.fires


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_a_language_shows_what_it_does_and_what_it_leaves_alone(language: str) -> None:
    rules = {rule.name for rule in Wording(language).rules}
    found = list(pairs(language))
    assert len(found) >= (60 if language == "en" else 25)
    assert {pair.rule for pair in found if pair.fires} == rules
    assert {pair.rule for pair in found if not pair.fires} == rules
    assert rules <= SPOKEN_RULES.keys()


@pytest.mark.parametrize("rule", sorted({pair.rule for pair in ALL if pair.language == "en"}))
def test_every_rule_has_a_switch(rule: str) -> None:
    for pair in ALL:
        if pair.rule == rule and pair.fires:
            made = Wording(pair.language, frozenset({rule})).sentences(pair.written, 600, pair.kind)
            assert rule not in {change.rule for _, form in made for change in form.changes}


def test_the_page_on_what_is_said_shows_these_pairs() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
