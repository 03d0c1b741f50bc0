"""Writes the six sample books in ``input/``: ``python tests/support/make_samples.py input``. All text is the project's own."""

from __future__ import annotations

import sys
from pathlib import Path

from books import Chapters, png_cover, write_docx, write_epub, write_html, write_md, write_pdf, write_txt

LAMPLIGHTER: Chapters = (
    (
        "Chapter I. The Forty-First Lamp",
        (
            "Every evening at half past six, Tobias Wren carried his ladder down Harbour Street and lit forty lamps. He knew them "
            "as a shepherd knows sheep. The ninth one hissed; the twentieth leaned; the thirty-second had once been hit by a cart.",
            "On the first of November there were forty-one. The new lamp stood at the corner by the chandler's shop, where no lamp "
            "had stood the night before, and it was already burning.",
        ),
    ),
    (
        "Chapter II. What the Ledger Said",
        (
            "“Nobody ordered it,” said the clerk, turning the pages of the town ledger. “Nobody paid for it. As far as this book is "
            "concerned, Mr. Wren, you are looking at nothing at all.”",
            "So Tobias did what any careful man would do. He took the pen, wrote “41” beneath the last line, and signed his name. "
            "From that night on, the lamp waited for him.",
        ),
    ),
)
TIDEWATER: Chapters = (
    (
        "The Gauge",
        (
            "There is a brass rule bolted to the sea wall at Tidewater, and somebody has read it every morning for a hundred and "
            "twelve years.",
            "The readings fill nineteen notebooks. *Most of them say very little*: a number, a wind, a name. But if you read them "
            "aloud, one after another, they begin to sound like breathing.",
        ),
    ),
    (
        "The Storm",
        (
            "Only once is there a gap. For three days in a winter that the old people still mention, the page is blank.",
            "On the fourth day the writing starts again, in a different hand: *Water above the rule. Will measure when it is found.*",
        ),
    ),
)
CLOCKMAKER: Chapters = (
    (
        "Spring",
        (
            "The clockmaker planted her garden so that it told the time. Goatsbeard opened at four, poppies at six, and the evening "
            "primrose closed the day.",
            "“It loses a minute in the rain,” she admitted, “but it has never once needed winding.”",
        ),
    ),
    (
        "Autumn",
        (
            "When the frost came and the last flower shut, she sat indoors and listened to two hundred clocks disagree.",
            "Then she stopped them all, one by one, and waited for the snowdrops to tell her what time it was.",
        ),
    ),
)
LISTENING: Chapters = (
    (
        "Before You Begin",
        (
            "Choose a chair that you can forget. The best listening happens when nothing asks for your attention, and a hard chair "
            "asks all the time.",
            "If your hands need something to do, give them something simple: peas to shell, a sock to mend, a dog.",
        ),
    ),
    (
        "While You Listen",
        (
            "Do not try to remember everything. A story that is well told will remember itself for you.",
            "If you fall asleep, that is not a failure. Go back one chapter. It will still be there.",
        ),
    ),
)
FERRY: Chapters = (
    (
        "Departure",
        (
            "The night ferry left at ten minutes past eleven with nine passengers, two lorries, and a crate marked only with an arrow "
            "that pointed up.",
            "Nobody had come to see it off. The harbour lights slid past the windows of the saloon, slowly at first and then not "
            "slowly at all.",
        ),
    ),
    (
        "Arrival",
        (
            "By morning there were ten passengers. The steward counted twice, as he had been taught, and wrote down the larger number.",
            "The crate was gone, and the arrow, neatly cut out, lay on the deck. It pointed towards the town.",
        ),
    ),
)
CARTOGRAPHER: Chapters = (
    (
        "The Blank Sheet",
        (
            "My father drew maps of places that he had never seen, and he was never wrong. Sailors came from three oceans to ask him "
            "where they were.",
            "He left one sheet empty. “That one is yours,” he told me, on the morning of my twelfth birthday. “Go and see what is on it.”",
        ),
    ),
    (
        "The River",
        (
            "I walked for two days before I found anything that a map would care about. It was a river, brown and wide and in no hurry.",
            "I drew it as it was. When I looked up again it had turned a little to the left, to follow my line.",
        ),
    ),
    (
        "The Way Back",
        (
            "There are two kinds of map, I know now. One kind tells you where you are. The other waits to be told.",
            "I folded mine along the river, put it in my coat, and went home by a road that I drew as I walked.",
        ),
    ),
)


def write_samples(folder: Path) -> list[Path]:
    """Write all samples into `folder`, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        write_txt(folder / "The Lamplighter's Ledger.txt", "The Lamplighter's Ledger", "Ada Marchbanks", LAMPLIGHTER),
        write_md(folder / "Tidewater Notes.md", "Tidewater Notes", "Jonas Keel", TIDEWATER),
        write_html(folder / "The Clockmaker's Garden.html", "The Clockmaker's Garden", "Ada Marchbanks", CLOCKMAKER),
        write_docx(folder / "A Short Guide to Listening.docx", "A Short Guide to Listening", "M. Oriel", LISTENING),
        write_pdf(folder / "The Night Ferry.pdf", "The Night Ferry", "Jonas Keel", FERRY),
        write_epub(
            folder / "The Cartographer's Daughter.epub",
            "The Cartographer's Daughter",
            "Ines Valdoro",
            CARTOGRAPHER,
            cover=png_cover(),
        ),
    ]


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
