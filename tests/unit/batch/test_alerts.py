"""Alerts: everybody is told once, nobody waits for long, and who could not be reached is told the next time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webhook import Server, serving

from batch.alerts import Alerts, check
from orchestrator.config import Config
from orchestrator.exits import UsageError

SUMMARY = {
    "status": "partial",
    "total_files": 3,
    "successful_files": 2,
    "failed_files": 1,
    "skipped_files": 0,
    "duration_sec": 4.5,
}
FAILURES = {"Tide <b>.txt": "it is empty. Get a complete copy."}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def config(folder: Path, **alerts: Any) -> Config:
    return Config.model_validate({"alerts": {"timeout": 30, **alerts}}).resolved(folder)


def waiting(folder: Path) -> list[Path]:
    return sorted((folder / ".pipeline/alerts").glob("*.json"))


def test_the_end_of_a_batch_is_told_with_its_numbers_and_each_failure(server: Server, tmp_path: Path) -> None:
    alerts = Alerts(config(tmp_path, webhook_url=server.url))
    alerts.batch_ended(SUMMARY, FAILURES)
    assert alerts.close() == []
    [alert] = server.received
    assert server.paths == ["/hook?token=secret"]
    assert {key: alert[key] for key in SUMMARY} == SUMMARY
    assert (alert["event"], alert["title"]) == ("batch_end", "Batch partial: 2 books done, 1 failed")
    assert alert["failures"] == [{"book": "Tide <b>.txt", "reason": "it is empty. Get a complete copy."}]
    assert alert["folder"] == str(tmp_path / "input")
    assert waiting(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "failures", "told"),
    [
        ({}, FAILURES, 1),
        ({"on_failure": False}, FAILURES, 0),
        ({}, {}, 0),
        ({"on_success": True}, {}, 1),
        ({"on_success": True, "on_failure": False}, FAILURES, 0),
    ],
)
def test_it_is_told_what_the_configuration_asks_for(
    server: Server, tmp_path: Path, settings: dict[str, Any], failures: dict[str, str], told: int
) -> None:
    alerts = Alerts(config(tmp_path, webhook_url=server.url, **settings))
    alerts.batch_ended(SUMMARY, failures)
    assert alerts.close() == []
    assert len(server.received) == told


def test_failures_in_a_row_are_told_at_once_and_again_after_as_many_more(server: Server, tmp_path: Path) -> None:
    alerts = Alerts(config(tmp_path, webhook_url=server.url, threshold=3), in_a_row=1)
    alerts.book_ended("a", "no luck")
    assert not server.arrived.acquire(blocking=False)
    alerts.book_ended("b", "no luck")
    assert server.arrived.acquire(timeout=60)  # before the batch ends
    for name in ("c", "d"):
        alerts.book_ended(name, "no luck")
    alerts.book_ended("e", None)
    assert alerts.in_a_row == 0
    for name in ("f", "g"):
        alerts.book_ended(name, "no luck")
    assert alerts.close() == []
    assert [(alert["event"], alert["failures_in_a_row"]) for alert in server.received] == [("failures_in_a_row", 3)]
    assert server.received[0]["failures"] == [{"book": "b", "reason": "no luck"}]


@pytest.mark.parametrize(
    ("answer", "said"), [(500, "answers 500"), (302, "answers 302"), (None, "cannot be reached: [Errno 111]")]
)
def test_who_could_not_be_reached_is_told_by_the_next_batch(tmp_path: Path, answer: int | None, said: str) -> None:
    with serving() as server:
        url = server.url
        if answer:
            server.answers = answer
            problems = tell(tmp_path, url)
            server.answers = 200
            assert problems[0].startswith(f"An alert was not delivered: alerts.webhook_url {said}")
            assert "secret" not in str(problems)
            assert "1 alert has not been delivered yet" in problems[1]
            assert len(waiting(tmp_path)) == 1
            assert "secret" not in waiting(tmp_path)[0].read_text()
            assert Alerts(config(tmp_path, webhook_url=url)).close() == []  # one that itself has nothing to tell
            assert [alert["event"] for alert in server.received] == ["batch_end"]
            assert "/elsewhere" not in server.paths
            assert waiting(tmp_path) == []
    if not answer:
        assert said in tell(tmp_path, url)[0]
        assert len(waiting(tmp_path)) == 1


def tell(folder: Path, url: str) -> list[str]:
    alerts = Alerts(config(folder, webhook_url=url))
    alerts.batch_ended(SUMMARY, FAILURES)
    return alerts.close()


def test_a_server_that_does_not_answer_delays_the_end_by_no_more_than_the_timeout(
    server: Server, tmp_path: Path
) -> None:
    server.may_answer.clear()
    alerts = Alerts(config(tmp_path, webhook_url=server.url, timeout=0.3))
    alerts.batch_ended(SUMMARY, FAILURES)
    assert server.arrived.acquire(timeout=60)
    began = time.monotonic()
    [*_, problem] = alerts.close()
    assert time.monotonic() - began < 5
    assert "1 alert has not been delivered yet; the next batch tries again at its end." in problem
    assert len(waiting(tmp_path)) == 1


def test_of_several_only_those_who_do_not_know_yet_are_told_again(server: Server, tmp_path: Path) -> None:
    with serving() as other:
        other.answers = 503
        urls = [other.url.replace("http://", "json://", 1)]
        settings = config(tmp_path, webhook_url=server.url, urls=urls)
        alerts = Alerts(settings)
        alerts.batch_ended(SUMMARY, FAILURES)
        assert any("number 1 of alerts.urls (json) was not delivered" in problem for problem in alerts.close())
        other.answers = 200
        assert Alerts(settings).close() == []
        assert len(server.received) == len(other.received) == 1
        assert other.received[0]["title"] == "Batch partial: 2 books done, 1 failed"
        assert "Tide <b>.txt: it is empty. Get a complete copy." in other.received[0]["message"]
        assert other.received[0]["type"] == "failure"


def test_an_address_that_apprise_does_not_know_is_said_by_its_number(tmp_path: Path) -> None:
    alerts = Alerts(config(tmp_path, urls=["nosuchthing://secret@host"]))
    alerts.batch_ended(SUMMARY, FAILURES)
    problems = alerts.close()
    assert "number 1 of alerts.urls is nothing that Apprise understands" in problems[0]
    assert "secret" not in str(problems)


def test_what_lies_in_the_folder_and_is_no_alert_or_too_old_is_given_up(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / ".pipeline/alerts"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("[]")
    (folder / "2.json").write_text('{"alert": {"at": "2020-01-01T00:00:00+00:00"}, "told": []}')
    assert Alerts(config(tmp_path, webhook_url=server.url)).close() == []
    assert (waiting(tmp_path), server.received) == ([], [])


def test_where_nobody_is_to_be_told_nothing_is_written(tmp_path: Path) -> None:
    alerts = Alerts(config(tmp_path))
    for _ in range(10):
        alerts.book_ended("a", "no luck")
    alerts.batch_ended(SUMMARY, FAILURES)
    assert alerts.close() == []
    assert list(tmp_path.iterdir()) == []


def test_without_apprise_its_addresses_are_an_error_before_any_book_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(tmp_path, urls=["json://localhost"])
    check(settings)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    check(config(tmp_path))
    with pytest.raises(UsageError, match=r"pip install 'audiobook-pipeline\[alerts\]'"):
        check(settings)
