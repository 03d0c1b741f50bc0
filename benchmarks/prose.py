"""Books in plain English from a seed; no sentence comes twice, so nobody can save the speaking of one."""

from __future__ import annotations

import random
from collections.abc import Iterator

_WORDS_A_CHAPTER = 1500
_WHO = (
    "the old keeper|a young doctor|nobody in the village|her brother|the captain|Miss Harding|the baker's wife|"
    "my uncle|a lawyer from London|the stranger|every schoolmaster|the widow|his eldest daughter|a clerk of the court|"
    "the boatman"
)
_DID = (
    "carried|remembered|would not believe|had never seen|listened to|asked for|could not forget|opened|laughed at|"
    "counted|wrote of|walked past|knew nothing of|waited for|had left behind|brought home|painted|took away|found"
)
_WHAT = (
    "the letter|a lamp of green glass|the frozen field|three silver coins|the question|an empty house|the ledger|"
    "the last train|a wooden horse|the harbour wall|the garden gate|a promise|the great fire|her own name|the weather|"
    "a hat without a brim|the seventh bell|the church tower|a key|the map of the island|his coat"
)
_WHERE = (
    "in the morning|by the river|before anyone could answer|at the end of the summer|under the stairs|in silence|"
    "with a smile|on the road to the sea|after the storm|for the second time|without a word|at a quarter past nine|"
    "behind the mill|as if it were nothing|among the trees"
)
_LINK = "and|but|because|while|though|until|so|for"


def book(words: int, seed: int) -> str:
    """A book of at least so many words: chapters with a heading each, paragraphs parted by empty lines."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    sentences = _sentences(chance)
    blocks: list[str] = []
    chapter = left = 0
    while words > 0:
        if left <= 0:
            chapter, left = chapter + 1, _WORDS_A_CHAPTER
            blocks.append(f"Chapter {chapter}")
        paragraph = " ".join(next(sentences) for _ in range(chance.randint(2, 8)))
        blocks.append(paragraph)
        count = len(paragraph.split())
        words, left = words - count, left - count
    return "\n\n".join(blocks) + "\n"


def _sentences(chance: random.Random) -> Iterator[str]:
    """Sentences of one to three clauses, each of them once."""
    seen: set[str] = set()
    while True:
        clauses = [
            " ".join(chance.choice(words.split("|")) for words in (_WHO, _DID, _WHAT, _WHERE))
            for _ in range(chance.choice((1, 1, 2, 2, 3)))
        ]
        text = clauses[0] + "".join(f", {chance.choice(_LINK.split('|'))} {clause}" for clause in clauses[1:])
        if text not in seen:
            seen.add(text)
            yield f"{text[0].upper()}{text[1:]}."
