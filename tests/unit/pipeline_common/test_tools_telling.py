"""``report`` and ``metrics``: what they say of a library is what its document says, in every form."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline_common import PipelineState
from pipeline_common.cli import main
from pipeline_common.phases import PHASES
from pipeline_common.tools.prometheus import exposition
from pipeline_common.tools.reports import Reporting, rendered, since_of, write_report
from pipeline_common.tools.runs import runs_of

NOW = datetime.fromisoformat("2026-01-15T18:00:00").astimezone()
HOSTILE = "<script>alert(1)</script> & “Sons” \x1b[31m"


def at(hours_ago: float) -> str:
    return (NOW - timedelta(hours=hours_ago)).isoformat()


def done(document: dict, book: str, hours_ago: float, words: int = 1000, title: str = "") -> None:  # type: ignore[type-arg]
    """A finished book, whose six phases have taken ten minutes each, one after another."""
    for number, phase in enumerate(PHASES):
        began = hours_ago + (len(PHASES) - number) / 6
        metrics = {"words": words, **({"duration_s": 1800.0} if phase.name == "enhancement" else {})}
        record = {"status": "success", "attempts": 1, "metrics": metrics, "duration_s": 600.0}
        times = {"started_at": at(began), "finished_at": at(began - 1 / 6)}
        document.setdefault(phase.key, {}).setdefault("files", {})[book] = record | times
    promotion = {"state": "done", "finished_at": at(hours_ago)}
    about = {"title": title or book, "authors": ["A. Writer"], "promotion": promotion}
    document.setdefault("books", {})[book] = about


def failed(document: dict, book: str, kind: str, error: str) -> None:  # type: ignore[type-arg]
    document["phase1"]["files"][book] = {"status": "failed", "attempts": 3, "finished_at": at(1), "duration_s": 1}
    document["books"][book] = {
        "source": {"path": f"input/{book}.txt"},
        "error": error,
        "error_type": kind,
        "retry_count": 3,
        "retry_limit": 3,
    }


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    document: dict = {}  # type: ignore[type-arg]
    done(document, "today", 2)
    done(document, "=HYPERLINK(1)", 30, words=3000, title=HOSTILE)
    done(document, "longago", 24 * 40)
    for number in range(2):
        failed(document, f"empty{number}", "empty", f"empty{number}.txt is empty (0 bytes). Get a complete copy.")
    failed(document, "gone", "crashed", "it crashed")
    document["books"]["waiting"] = {"source": {"path": "input/waiting.txt"}}
    document["batch"] = {"summary": {"total_files": 9}, "files": {}}
    state = PipelineState(tmp_path / "pipeline.json")
    with state.transaction(operation="batch_start") as txn:
        txn.data.update(document)
    return state


def report(state: PipelineState, form: str = "json", period: str = "all") -> str:
    return rendered(Reporting(state, state.read(), None, NOW).figures(period), form, period, state.path)


def test_totals_are_of_now_and_speed_days_and_finished_books_of_the_period(state: PipelineState) -> None:
    everything, week, day = (json.loads(report(state, period=period)) for period in ("all", "weekly", "daily"))
    for told in (everything, week, day):
        assert told["total"] == 9
        assert told["progress"] == {"pending": 3, "success": 3, "failed": 3}
        assert told["completion_percentage"] == 33.3
        assert len(told["failures"]) == 2
    assert [book["id"] for book in everything["finished"]] == ["today", "=HYPERLINK(1)", "longago"]
    assert [book["id"] for book in week["finished"]] == ["today", "=HYPERLINK(1)"]
    assert [book["id"] for book in day["finished"]] == ["today"]
    assert (everything["words"], day["words"]) == (5000, 1000)
    assert (everything["audio_s"], day["audio_s"]) == (5400, 1800)
    assert [(entry["day"], entry["books"]) for entry in week["days"]] == [
        *(("2026-01-12", 0), ("2026-01-13", 0)),
        *(("2026-01-14", 1), ("2026-01-15", 1)),
    ]
    assert len(everything["days"]) == 41
    assert {phase["name"]: phase["books"] for phase in day["phases"]}["synthesis"] == 1
    assert everything["phases"][0]["longest_s"] == 600


def test_the_end_is_estimated_from_the_words_of_late_and_the_hours_that_they_took(state: PipelineState) -> None:
    told = json.loads(report(state))
    # 5,000 words took three books of an hour each; three books are left, of which nobody knows more than the usual.
    assert told["seconds_left"] == pytest.approx(3 * (5000 / 3) / 5000 * 3 * 3600)
    ends = datetime.fromisoformat(told["estimated_completion"])
    assert ends == NOW + timedelta(seconds=told["seconds_left"])


def test_where_nothing_is_known_or_left_nothing_is_estimated(tmp_path: Path) -> None:
    state = PipelineState(tmp_path / "pipeline.json")
    assert json.loads(report(state))["completion_percentage"] == 100
    assert "Nothing has failed" in report(state, "html")
    with state.transaction() as txn:
        txn.data["books"] = {"a": {}}
    told = json.loads(report(state))
    assert (told["estimated_completion"], told["seconds_left"], told["total"]) == (None, None, 1)


def test_failures_are_grouped_by_cause_with_what_to_do(state: PipelineState) -> None:
    causes = json.loads(report(state))["failures"]
    assert [(cause["type"], len(cause["books"]), cause["fix"]) for cause in causes] == [
        ("empty", 2, "Get a complete copy."),
        ("crashed", 1, "Look at its error, mend the cause, and run again."),
    ]


class Outline(HTMLParser):
    """What a browser would make of a page: its elements, their attributes and all of its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_loads_nothing_runs_nothing_and_takes_no_title_for_html(state: PipelineState) -> None:
    outline = Outline(report(state, "html"))
    assert outline.open == []
    assert not {"script", "img", "link", "iframe", "object", "a"} & set(outline.elements)
    assert not [name for name, _ in outline.attributes if name.startswith("on") or name in ("src", "href")]
    assert "<script>alert(1)</script> & “Sons” \\x1b[31m" in outline.text
    assert "33.3 % of the books" in outline.text
    assert "Get a complete copy." in outline.text
    assert not re.search(r"url\(|@import|https?:", report(state, "html"))


def test_the_table_has_a_row_for_each_book_and_no_formula(state: PipelineState) -> None:
    rows = list(csv.DictReader(io.StringIO(report(state, "csv"))))
    assert len(rows) == 7
    by_title = {row["title"]: row for row in rows}
    assert by_title[HOSTILE]["id"] == "'=HYPERLINK(1)"
    assert by_title["today"]["audio_s"] == "1800.0"


def test_files_are_named_by_their_period_with_a_summary_beside_them(state: PipelineState) -> None:
    reporting = Reporting(state, state.read(), None, NOW)
    names = [write_report(reporting.figures(p), "html", p, state.path).name for p in ("daily", "weekly", "all")]
    assert names == ["daily_report_2026-01-15.html", "weekly_report_2026-W03.html", "full_report_2026-01-15.html"]
    folder = state.path.parent / ".pipeline/reports"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "summary.json"])
    assert list(json.loads((folder / "summary.json").read_text())) == [
        *("timestamp", "total", "progress", "completion_percentage", "estimated_completion"),
    ]
    other = PipelineState(state.path.with_name("old.json"))
    path = write_report(Reporting(other, other.read(), None, NOW).figures("all"), "csv", "all", other.path)
    assert path.name == "old.full_report_2026-01-15.csv"


def test_a_large_library_is_reported_book_by_book_and_nothing_of_it_is_kept_in_memory(state: PipelineState) -> None:
    with state.transaction() as txn:
        txn.data["books"]["today"]["padding"] = "x" * 300_000
    state.close()
    large = PipelineState(state.path)
    view = large.view()
    told = rendered(Reporting(large, view, None, NOW).figures("weekly"), "json", "weekly", state.path)
    assert told == report(state, period="weekly")
    holders = [view.document["books"], *(view.document[phase.key]["files"] for phase in PHASES)]
    assert all(holder.is_slice(value) for holder in holders for _, value in holder.closed())


def test_a_week_begins_on_monday_and_a_day_at_midnight() -> None:
    assert str(since_of("weekly", NOW))[:16] == "2026-01-12 00:00"
    assert str(since_of("daily", NOW))[:16] == "2026-01-15 00:00"
    assert since_of("all", NOW) is None


def test_a_run_is_all_that_one_process_did_from_its_start_on() -> None:
    def line(hours_ago: float, pid: int, operation: str, **more: object) -> dict:  # type: ignore[type-arg]
        return {"timestamp": at(hours_ago), "pid": pid, "success": True, "details": {"operation": operation}} | more

    trail = [
        line(1, 7, "retry"),
        line(2, 5, "batch_end"),
        line(3, 5, "promotion_done"),
        line(3.5, 6, "phase_success"),
        line(4, 5, "phase_success"),
        line(5, 5, "batch_start"),
        line(6, 5, "batch_end", success=False),
        line(7, 5, "batch_start"),
        {"timestamp": "nonsense"},
        {"timestamp": at(30), "pid": "x"},
    ]
    found = [(run.pid, run.who, run.books, run.commits, run.refused) for run in runs_of(trail, None)]
    assert found == [
        (7, "retry", 0, 1, 0),
        (6, "a book by itself", 0, 1, 0),
        (5, "batch", 1, 4, 0),
        (5, "batch", 0, 1, 1),
        (0, "commit", 0, 1, 0),
    ]
    assert len(runs_of(trail, NOW - timedelta(hours=5.5))) == 3


SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+)\} (-?[0-9.]+)')


def test_metrics_are_prometheus_text_with_a_head_for_each_family(state: PipelineState) -> None:
    with state.transaction() as txn:
        txn.data["books"]["gone"]["error_type"] = 'a "strange"\n\\ kind'
    text = exposition(Reporting(state, state.read(), None, NOW).figures("all"), "audiobook")
    assert text.endswith("\n")
    heads: list[str] = []
    samples = {}
    for row in text.splitlines():
        if row.startswith("# TYPE"):
            heads.append(row.split()[2])
        elif not row.startswith("# HELP"):
            match = SAMPLE.fullmatch(row)
            assert match, row
            assert match[1].startswith(heads[-1])
            samples[match[1], match[2]] = float(match[3])
    assert len(heads) == len(set(heads))
    labelled = {name: value for (name, labels), value in samples.items() if labels == 'lifecycle="audiobook"'}
    assert (labelled["pipeline_words"], labelled["pipeline_audio_seconds"]) == (5000, 5400)
    assert samples["pipeline_books", 'lifecycle="audiobook",status="failed"'] == 3
    assert samples["pipeline_failed_books", 'lifecycle="audiobook",cause="empty"'] == 2
    assert samples["pipeline_failed_books", 'lifecycle="audiobook",cause="a \\"strange\\"\\n\\\\ kind"'] == 1
    assert samples["pipeline_phase_duration_seconds_sum", 'lifecycle="audiobook",phase="synthesis"'] == 1800
    assert samples["pipeline_attempts", 'lifecycle="audiobook",phase="validation"'] == 12


def test_a_file_is_replaced_as_a_whole_and_can_be_read_by_others(state: PipelineState, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "metrics/audiobooks.prom"
    for _ in range(2):
        assert main(["--pipeline-json", str(state.path), "metrics", "--output", str(path)]) == 0
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o644
    assert main(["--pipeline-json", str(state.path), "report", "--output", "-", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("waiting,")
    (tmp_path / "taken").write_text("")
    assert main(["--pipeline-json", str(state.path), "metrics", "--output", str(tmp_path / "taken/x.prom")]) == 2
    assert "taken" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["html", "json", "csv"])
def test_a_document_of_any_shape_gives_a_report(tmp_path: Path, form: str) -> None:
    path = tmp_path / "pipeline.json"
    nonsense = {
        "status": [],
        "attempts": "x",
        "duration_s": -1,
        "metrics": [],
        "finished_at": "9999-99",
        "started_at": 3,
    }
    huge = {
        "status": "success",
        "duration_s": 1e300,
        "finished_at": "0001-01-01T00:00:00+14:00",
        "metrics": {"words": 1e99},
    }
    path.write_text(
        json.dumps(
            {
                "phase1": {"files": {"a": nonsense, "b": 3, "c": huge}},
                "books": {"a": {"authors": [1, None], "promotion": 3, "error": []}, "d": None},
                "batch": {"summary": {"total_files": "many"}},
            }
        )
    )
    state = PipelineState(path)
    assert rendered(Reporting(state, state.read(), None).figures("all"), form, "all", path)
