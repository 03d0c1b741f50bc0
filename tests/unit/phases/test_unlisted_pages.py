"""Pages of real EPUBs that no table of contents names and no type describes: told by what stands on them."""

from pathlib import Path

from book_files import Extracted, epub, extract, item, itemref, nav, opf, xhtml

RAIN = "It rained all day, and the children stayed at home and looked out of the window until it was dark. " * 3
NOTICE = (
    "<p>TALL HOUSE BOOKS</p><p>Copyright © 2019 by Clara Oakes</p><p>All rights reserved. No part of this book may be "
    "reproduced in any form without permission in writing from the publisher, except by reviewers, who may quote brief "
    "passages, and by nobody else in the whole wide world.</p><p>Names: Oakes, Clara, author.</p>"
    "<p>ISBN 978-0-306-40615-7 (ebook)</p><p>10 9 8 7 6 5 4 3 2 1</p>"
)
CHAPTER = f"<h1>{{}}</h1><p>{RAIN}</p><p>{RAIN}</p>"


def book(folder: Path, pages: dict[str, str], head: str = "<title>t</title>", sheet: str = "") -> Extracted:
    """Two chapters that the nav names, and pages around them that it does not name."""
    files = {**pages, "one.xhtml": CHAPTER.format("One"), "two.xhtml": CHAPTER.format("Two")}
    last = {name: files.pop(name) for name in pages if name.startswith("z")}
    files |= last
    package = opf(
        item("nav.xhtml", properties="nav") + "".join(map(item, files)) + item("s.css", media_type="text/css"),
        "".join(map(itemref, files)),
        "<dc:title>The Night Ferry</dc:title><dc:creator>Clara Oakes</dc:creator>",
    )
    members: dict[str, str | bytes] = {name: xhtml(body, head) for name, body in files.items()}
    members |= {"nav.xhtml": nav(("one.xhtml", "One"), ("two.xhtml", "Two")), "s.css": sheet}
    return extract(epub(folder / "book.epub", package, members))


def left_out(found: Extracted, rule: str) -> list[str]:
    return [text for name, text in found.omitted() if name == rule]


def test_a_copyright_page_without_a_title_is_left_out_whole(tmp_path: Path) -> None:
    found = book(tmp_path, {"c.xhtml": NOTICE, "d.xhtml": "<p>For the pilots</p>"})
    assert len(left_out(found, "copyright")) == 6
    assert found.spoken[0] == "For the pilots"
    assert found.titles == ["One", "Two"]


def test_a_notice_on_the_title_page_is_left_out_and_the_title_is_spoken(tmp_path: Path) -> None:
    found = book(tmp_path, {"t.xhtml": f"<p>The Night Ferry</p><p>Clara Oakes</p>{NOTICE}<p>For the pilots</p>"})
    assert found.spoken[:3] == ["The Night Ferry", "Clara Oakes", "For the pilots"]


def test_a_chapter_that_tells_of_copyright_is_spoken(tmp_path: Path) -> None:
    law = f"<h1>Copyright information</h1><p>A copyright file says where a book is from. {RAIN}</p><p>{RAIN}</p>"
    found = book(tmp_path, {"a.xhtml": law})
    assert found.spoken[0] == "Copyright information"
    assert not left_out(found, "copyright")


def test_a_story_that_quotes_a_single_line_of_a_notice_is_spoken(tmp_path: Path) -> None:
    found = book(tmp_path, {"a.xhtml": f"<p>{RAIN}</p><p>He had printed it: Copyright 1920 by Tom.</p><p>{RAIN}</p>"})
    assert not left_out(found, "copyright")


def test_praise_other_books_and_offers_are_advertisements(tmp_path: Path) -> None:
    praise = "<p>Praise for <i>The Morning Train</i></p><p>“Dazzling.”</p><p>—The Daily Page</p><p>“I wept.”</p>"
    also = "<p>ALSO BY CLARA OAKES</p><p>The Morning Train</p><p>Harbor</p>"
    offer = "<p>Discover your next great read!</p><p>Get sneak peeks and news about your favorite authors.</p>"
    found = book(tmp_path, {"a.xhtml": praise, "b.xhtml": also, "z.xhtml": offer})
    assert len(left_out(found, "advertisement")) == 9
    assert found.spoken[0] == "One"


def test_a_chapter_with_such_a_title_is_spoken(tmp_path: Path) -> None:
    found = book(tmp_path, {"a.xhtml": f"<h1>Praise</h1><p>{RAIN}</p><p>{RAIN}</p>"})
    assert found.spoken[0] == "Praise"


def test_a_list_of_links_below_a_title_page_is_a_table_of_contents(tmp_path: Path) -> None:
    rows = "".join(f'<tr><td><a href="{n}.xhtml">CHAPTER {n}.</a></td><td>Rain</td></tr>' for n in ("one", "two", "x"))
    found = book(tmp_path, {"a.xhtml": f"<h1>The Night Ferry</h1><h2>Contents</h2><table>{rows}</table><p>{RAIN}</p>"})
    assert left_out(found, "contents") == ["Contents", "CHAPTER one. Rain", "CHAPTER two. Rain", "CHAPTER x. Rain"]
    assert found.spoken[:2] == ["The Night Ferry", RAIN.strip()]


def test_a_title_that_leads_back_to_the_contents_is_spoken(tmp_path: Path) -> None:
    body = f'<p><a href="toc.xhtml#a">3</a></p><p><a href="toc.xhtml#a">The Bell</a></p><p>{RAIN}</p>'
    found = book(tmp_path, {"z.xhtml": body})
    assert found.spoken[-3:-1] == ["3", "The Bell"]


def test_links_among_the_text_are_spoken(tmp_path: Path) -> None:
    choices = "".join(f'<p>If you go on, <a href="#p{n}">turn to page {n}</a></p>' for n in range(4))
    found = book(tmp_path, {"z.xhtml": f"<p>{RAIN}</p>{choices}"})
    assert found.spoken[-1] == "If you go on, turn to page 3"


def test_the_title_of_notes_that_are_left_out_is_left_out_too(tmp_path: Path) -> None:
    body = f'<p>{RAIN}<a href="#n1"><sup>1</sup></a></p><p>FOOTNOTES:</p><p id="n1">1. All day long.</p>'
    found = book(tmp_path, {"z.xhtml": body})
    assert left_out(found, "notes") == ["FOOTNOTES:"]


def test_what_a_stylesheet_hides_is_left_out_and_what_it_hides_from_print_is_spoken(tmp_path: Path) -> None:
    head = (
        "<style>.gone, p.x { display : none } @media print { .keep { display:none } } "
        "@media amzn-mobi { .keep { display: none } } .shown {display:none} .shown {display:block}</style>"
        '<link rel="stylesheet" href="s.css" type="text/css"/>'
    )
    body = (
        '<p class="gone">Gone.</p><p class="x">Gone.</p><p class="ext">Gone.</p><p class="keep">Kept.</p>'
        '<p class="shown">Shown.</p><div class="x">A division.</div><p>Some <span class="gone">Gone.</span> words.</p>'
    )
    found = book(tmp_path, {"a.xhtml": body}, head, "/* display:none */ .ext { color: red; display:none; }")
    assert left_out(found, "hidden") == ["Gone."] * 4
    assert found.spoken[:4] == ["Kept.", "Shown.", "A division.", "Some words."]


def test_several_lines_that_claim_the_rights_are_a_notice(tmp_path: Path) -> None:
    lines = "<p>The Night Ferry</p><p>Copyright © 2019 Clara Oakes</p><p>Copyright © 2004 — 2007 Ann Other</p>"
    found = book(tmp_path, {"a.xhtml": f"{lines}<p>{RAIN}</p>"})
    assert len(left_out(found, "copyright")) == 2
    assert found.spoken[:2] == ["The Night Ferry", RAIN.strip()]


def test_entries_with_dots_up_to_their_pages_are_left_out_below_a_title_alone(tmp_path: Path) -> None:
    entries = "<p>1 Rain 3</p><p>1.1 Snow . . . . . 3</p><p>1.2 Fog . . . . 5</p><p>2 Ice ........ 7</p>"
    page = f"<p>The Night Ferry</p><p>Contents</p>{entries}<p>{RAIN}</p>"
    found = book(tmp_path, {"a.xhtml": page, "b.xhtml": f"<p>Wait . . .</p>{entries}"})
    assert len(left_out(found, "contents")) == 5
    assert found.spoken[:3] == ["The Night Ferry", RAIN.strip(), "Wait . . ."]


def test_the_title_of_an_index_without_entries_is_left_out(tmp_path: Path) -> None:
    found = book(tmp_path, {"z.xhtml": "<h1>Index</h1>"})
    assert left_out(found, "index") == ["Index"]


def test_an_index_whose_words_stand_above_their_entries_is_left_out(tmp_path: Path) -> None:
    entries = "<h2>R</h2><p>rain</p><p>on roofs, 91</p><p>river, 4, 17–19</p><h2>S</h2><p>snow</p><p>in May, 12</p>"
    found = book(tmp_path, {"z.xhtml": f"<h1>Index</h1>{entries}"})
    assert len(left_out(found, "index")) == 8
    verse = "<p>Snow</p><p>on the roofs</p><p>of the town</p><p>in the year 1812</p><p>and no end</p>"
    spoken = book(tmp_path, {"z.xhtml": f"<h1>Index</h1>{verse}"})
    assert left_out(spoken, "index") == []


def test_the_title_of_contents_without_entries_on_the_first_pages_is_left_out(tmp_path: Path) -> None:
    front = "<h1>The Night Ferry</h1><p>Ann Other</p><h2>Table of Contents</h2><h2>Preface</h2>"
    found = book(tmp_path, {"a.xhtml": f"{front}<p>{RAIN}</p>"})
    assert left_out(found, "contents") == ["Table of Contents"]
