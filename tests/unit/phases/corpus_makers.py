"""Small books in the habits of those who make books: Project Gutenberg's pages, poems with numbers in the margin."""

GUTENBERG_PAGE = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><title>The Rain | Project Gutenberg</title>
<style type="text/css">.hide {display: none} .pagenum {position: absolute}</style></head><body>
<section class="pg-boilerplate pgheader" id="pg-header"><h2>The Project Gutenberg eBook of The Rain</h2>
<div>This ebook is for the use of anyone anywhere.</div>
<p><strong>Title</strong>: The Rain; or, A Mill</p><p><strong>Author</strong>: Ann Other</p>
<div>*** START OF THE PROJECT GUTENBERG EBOOK THE RAIN ***</div></section>
<div class="tnote"><h3>Transcriber's Note:</h3><p>A table of contents has been added.</p></div>
<h1>THE RAIN</h1><h2>BY ANN OTHER</h2><h4>1901</h4>
<h3>CONTENTS</h3>
<p><a href="#c1">I. The Mill</a><br/><a href="#c2">II. The River</a><br/><a href="#c3">III. The Sea</a></p>
<h2 id="c1">I</h2><h3>THE MILL</h3>
<p><span class="dcap">O</span>nce upon a time a mill stood by the river.<span class="pagenum">[Pg 2]</span></p>
<div class="poem"><span>Rain, rain, go away,<br/></span><span>Come again some other day,<span class="linenum">2</span>
<br/></span><span>Little children want to play.<br/></span></div>
<h2 id="c2">II</h2><h3>THE RIVER</h3>
<p><img src="t.png" alt="T"/>HE river was wide, and the boats lay at the landing.</p>
<div><img src="a.png" alt="A"/></div><p>And it was slow.</p>
<h2 id="c3">III</h2><h3>THE SEA</h3>
<p><img src="w.png" alt=""/><span class="hide">W</span>HEN the rain had stopped, they went down to the sea.</p>
<h2>BY THE SAME AUTHOR</h2><p>THE SNOW. Crown 8vo. 6s.</p><p>A SUMMER IN SPAIN. Cloth, $1.50.</p>
<div class="transnote"><p>TRANSCRIBER’S NOTE</p><p>“Teh” was replaced by “the”.</p></div>
<section class="pg-boilerplate pgheader" id="pg-footer"><div>*** END OF THE PROJECT GUTENBERG EBOOK THE RAIN ***</div>
<div>Updated editions will replace the previous one.</div></section></body></html>
"""
ETEXT = """*****The Project Gutenberg Etext of The Rain, by Ann Other*****

Copyright laws are changing all over the world.

***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***

They tell us you might sue us.

*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*

Note: Images of the original pages are available through Internet
      Archive. See https://www.example.org/rain

  +---------------------------------------+
  | Transcriber's Note:                   |
  |                                       |
  | Inconsistent hyphenation is as in the |
  | original.                             |
  +---------------------------------------+

THE RAIN

STAVE ONE.

The old man walked slowly along the bridge over the river {1}, and then
went home, tired and content, as they say.[A] His {2} friends came, too.

[Footnote A: It is the usual word.]

  The rain came down upon the roof of lead,
  And all the children lay awake in bed,
  The clock struck nine, the dog began to howl,
  And from the mill there answered him an owl;     4
  They counted all the sheep upon the plain,
  And fell asleep, and then awoke again,
  And heard the wind, that went from door to door,
  And rain, and rain, and after that some more.     8

STAVE TWO.

_In which it goes on_

The miller, who had 12 children, looked at the garden behind the mill.
An array[i] was there, and k[A] was 7.

  The morning came, the rain had gone away,
  And all the world was quiet, cold and grey;
  The miller rose, and looked upon the land,
  And took the oldest children by the hand.     12

  Bread and cheese
  Apples, a dozen
  Altogether     20

STAVE THE LAST.

My aunt had never quite forgotten those years in the city, and nobody
said anything more about it.

Footnotes:

{1}  See the author's other book.

{2}  Three of them.

ADVERTISEMENTS

Good Stories for Girls

THE SNOW. By Ann Other. Illustrated. $1.25.

A SUMMER IN SPAIN. By Ann Other. Cloth, 12mo. $1.50.

Transcriber's Notes:

Page 12, "teh" was changed to "the".

End of The Project Gutenberg Etext of The Rain, by Ann Other
"""

_DAY = "The old man walked slowly along the bridge over the river, and nobody said anything more about it. "


def _chapter(number: int, title: str, page: int) -> str:
    """Number and title in paragraphs; a running header in the middle of a sentence; a way back."""
    cut = "".join(
        f"<p>{_DAY * 2}My aunt came back</p><p>{page + n} THE RAIN</p><p>at dusk. {_DAY}</p>" for n in range(3)
    )
    return f"<p><b>{number}</b></p><p>{title}</p>{cut}<p><a href='#top'>Back to Top</a></p>"


# Chapters that are marked by nothing but numbers, as converters and scans leave them.
UNMARKED = (
    "<html><head><title>The Rain | Stories of Ann</title></head><body><h1 id='top'>The Rain</h1><p>Contents</p>"
    "<p>Chapter 1: The Mill 3</p><p>Chapter 2: The River 9</p><p>Chapter 3: The Sea 17</p>"
    + "".join(_chapter(*each) for each in ((1, "The Mill", 3), (2, "The River", 9), (3, "The Sea", 17)))
    + "<p>Connect with Ann Other</p><p>My blog: https://www.example.org/ann</p><p>Other books by Ann Other</p>"
    "<p>The Snow</p><p>A Summer in Spain</p></body></html>\n"
)
AOZORA = """雨

一

　彼は川に沿ってゆっくり歩き、雨が屋根に降っていた。老女《ろうじょ》は｜黒い封《くろいふう》の手紙を決して忘れなかった。［＃「手紙」に傍点］その夜はもう誰も何も言わなかった。水車小屋の裏では林檎の木が咲いていた。

二

　彼は《雨》という歌を聞いた。雨が屋根に降っていた。彼は川に沿ってゆっくり歩き、雨が屋根に降っていた。老女は手紙を決して忘れなかった。その夜はもう誰も何も言わなかった。水車小屋の裏では林檎の木が咲いていた。

三

　その夜はもう誰も何も言わなかった。彼は川に沿ってゆっくり歩き、雨が屋根に降っていた。老女は手紙を決して忘れなかった。水車小屋の裏では林檎の木が咲いていた。水車小屋の裏では林檎の木が咲いていた。
"""

TEXTS = {"aozora.txt": AOZORA, "unmarked.html": UNMARKED, "etext.txt": ETEXT, "gutenberg-page.html": GUTENBERG_PAGE}
