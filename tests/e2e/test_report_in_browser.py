"""A report in a real browser: it looks the same everywhere, runs nothing, loads nothing, and prints."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from browser import Browser, browser, missing
from commands import run
from PIL import Image, ImageStat

from pipeline_common import PipelineState
from pipeline_common.phases import PHASES

pytestmark = pytest.mark.long

TITLE = "<img src=x onerror=document.title='hit'><script>document.title='hit'</script> & “Sons”"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on books whose titles, authors, causes and errors are all HTML."""
    root = tmp_path_factory.mktemp("library")
    document: dict = {"books": {}}  # type: ignore[type-arg]
    for number in range(120):
        book = f"book{number}"
        for phase in PHASES:
            record = {
                "status": "success",
                "duration_s": 60 + number,
                "finished_at": "2026-01-01T00:00:00Z",
                "attempts": 1,
            }
            document.setdefault(phase.key, {"files": {}})["files"][book] = record
        finished = datetime.now(UTC) - timedelta(days=number % 28)
        promotion = {"state": "done", "finished_at": finished.isoformat()}
        document["books"][book] = {"title": f"{TITLE} {number}", "authors": [TITLE], "promotion": promotion}
    document["phase1"]["files"]["bad"] = {"status": "failed"}
    document["books"]["bad"] = {"title": TITLE, "error": f"{TITLE}. {TITLE} {'x' * 400}", "error_type": TITLE}
    with PipelineState(root / "pipeline.json") as state:
        state.write(document)
    result = run("pipeline-state", "report", "--output", "report.html", cwd=root)
    assert (result.returncode, result.stderr) == (0, "")
    return root / "report.html"


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    if missing():
        pytest.skip(f"{missing()} IS NOT INSTALLED, so no report was looked at: apt install chromium chromium-driver")
    with browser() as found:
        yield found


def brightness(picture: bytes) -> float:
    return float(ImageStat.Stat(Image.open(io.BytesIO(picture)).convert("L")).mean[0])


def test_nothing_of_a_stranger_runs_and_nothing_is_loaded(window: Browser, page: Path) -> None:
    window.open(page)
    assert window.run("return document.title") == "The library"
    assert window.run("return document.querySelectorAll('img, script, link, iframe').length") == 0
    assert window.run("return performance.getEntriesByType('resource').length") == 0
    assert TITLE in window.run("return document.body.innerText")
    assert window.log() == []


@pytest.mark.parametrize("width", [1200, 700, 380])
def test_it_fits_every_window(window: Browser, page: Path, width: int) -> None:
    window.resize(width, 900)
    window.open(page)
    inner, needed = window.run("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert needed <= inner
    words = "[...document.querySelectorAll('.tile dd, h1, h2, h3')]"
    assert window.run(f"return {words}.filter(e => e.scrollWidth > e.clientWidth + 1).length") == 0


def test_it_is_light_by_day_and_dark_by_night_and_legible_in_both(window: Browser, page: Path) -> None:
    window.resize(1200, 900)
    pictures = {}
    for scheme in ("light", "dark"):
        window.dress(scheme)
        window.open(page)
        pictures[scheme] = brightness(window.picture())
        for selector in ("body", ".soft", "th", ".tile dt", ".fix", "svg text"):
            assert window.run(CONTRAST + f"return contrast({selector!r})") >= 4.5, (scheme, selector)
    assert pictures["light"] > 200 > 80 > pictures["dark"]


CONTRAST = """
function light(color) {
  const [r, g, b] = color.match(/[0-9.]+/g).map(Number)
    .map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(selector) {
  const element = document.querySelector(selector), style = getComputedStyle(element);
  let ground = element;
  while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
  const pair = [style[element.closest('svg') ? 'fill' : 'color'], getComputedStyle(ground).backgroundColor].map(light);
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}
"""


def test_its_charts_have_the_sizes_of_what_they_show(window: Browser, page: Path) -> None:
    window.open(page)
    done, failed = window.run(
        "return ['.done', '.bad'].map(c => document.querySelector('svg rect' + c).getBoundingClientRect().width)"
    )
    assert done / failed == pytest.approx(120, rel=0.5)  # the smallest part stays visible
    bars = "[...document.querySelectorAll('figure svg rect')].map(e => e.getBoundingClientRect().height)"
    heights = window.run(f"return {bars}")
    assert len(heights) >= 28
    assert max(heights) == pytest.approx(5 / 4 * min(height for height in heights if height > 20), rel=0.05)


def test_it_prints_on_pages_with_all_of_its_tables(window: Browser, page: Path) -> None:
    window.dress("dark")
    window.open(page)
    with pypdfium2.PdfDocument(window.printed()) as document:
        text = "".join(sheet.get_textpage().get_text_range() for sheet in document)
        first = document[0].render(scale=0.5).to_pil().convert("L")
        assert len(document) >= 3
    assert "Who ran when" in text
    assert text.count("“Sons”") >= 100
    assert ImageStat.Stat(first).mean[0] > 220  # nobody prints a black page


def test_the_example_of_the_documentation_is_such_a_page(window: Browser) -> None:
    window.open(Path(__file__).parents[2] / "docs/example-report.html")
    assert "200" in window.run("return document.querySelector('.tile dd').innerText")
    assert window.run("return document.querySelectorAll('.cause').length") >= 2
    assert window.log() == []
