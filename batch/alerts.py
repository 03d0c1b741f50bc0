"""Who is told how a batch goes: a web address, and whatever Apprise knows.

Each alert is a file in ``.pipeline/alerts/`` until everybody has been told, so none is lost: who could not be reached
is told at the end of the next batch. Telling is done on a thread, and nobody waits for it longer than the configuration
allows. Addresses may hold passwords, so none is written or shown.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.config import Config
from orchestrator.exits import UsageError
from orchestrator.sections.care import AlertsSection
from pipeline_common.files import StateFiles, now, time_name

logger = logging.getLogger(__name__)

MOST_FAILURES_TOLD = 50
_EXPIRY = timedelta(days=7)

Alert = dict[str, Any]
Send = Callable[[Alert, float], None]
"""Tells somebody within so many seconds; an `UndeliveredError` says why not."""


class UndeliveredError(Exception):
    """Somebody could not be told; the message says why, and no address."""


class Alerts:
    """The alerts of one batch.

    Args:
        config: the configuration.
        in_a_row: how many failures have come before this batch with no success after them.
    """

    def __init__(self, config: Config, in_a_row: int = 0) -> None:
        self.in_a_row = in_a_row
        self._section = config.alerts
        self._folder = str(config.input_dir)
        self._outbox = StateFiles(config.pipeline_json).alerts
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._problems: list[str] = []

    def book_ended(self, name: str, failure: str | None) -> None:
        """Count what has become of a book; of too many failures in a row somebody is told at once.

        Args:
            name: of the book.
            failure: why it failed; None where it did not.
        """
        self.in_a_row = self.in_a_row + 1 if failure is not None else 0
        if failure is not None and self.in_a_row % self._section.threshold == 0:
            self._raise(
                "failures_in_a_row",
                f"{self.in_a_row} books in a row have failed",
                {"failures_in_a_row": self.in_a_row, "failures": [{"book": name, "reason": failure}]},
            )

    def batch_ended(self, summary: Mapping[str, Any], failures: Mapping[str, str]) -> None:
        """Tell of the end of a batch, where somebody wants to know.

        Args:
            summary: of the batch.
            failures: each book that failed, and why.
        """
        if not (self._section.on_failure if failures else self._section.on_success):
            return
        told = [{"book": name, "reason": reason} for name, reason in list(failures.items())[:MOST_FAILURES_TOLD]]
        counts = {key: summary[key] for key in ("total_files", "successful_files", "failed_files", "skipped_files")}
        facts = {"status": summary["status"], **counts, "duration_sec": summary["duration_sec"], "failures": told}
        done, failed = counts["successful_files"], counts["failed_files"]
        self._raise("batch_end", f"Batch {summary['status']}: {done} books done, {failed} failed", facts)

    def close(self) -> list[str]:
        """Try to tell everybody of everything, for so long as the configuration allows.

        Returns:
            A sentence for each problem.
        """
        self._closing.set()
        if self._thread is None and self._waiting():
            self._start()
        if self._thread is not None:
            self._wanted.set()
            self._thread.join(self._section.timeout)
            left = len(self._waiting())
            if left:
                alerts = "1 alert has" if left == 1 else f"{left} alerts have"
                self._problems.append(f"{alerts} not been delivered yet; the next batch tries again at its end.")
        return self._problems

    def _raise(self, event: str, title: str, facts: Mapping[str, Any]) -> None:
        if self._section.webhook_url is None and not self._section.urls:
            return
        alert = {"event": event, "at": datetime.now(UTC).isoformat(), "title": title, "folder": self._folder, **facts}
        try:
            _put(self._outbox / f"{time_name(now())}.json", {"alert": alert, "told": []})
        except OSError as error:
            self._problems.append(f"An alert could not be written to {self._outbox}: {error.strerror or error}.")
            return
        self._start()
        self._wanted.set()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver_all, name="alerts", daemon=True)
            self._thread.start()

    def _deliver_all(self) -> None:
        try:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                closing = self._closing.is_set()
                with _alone(self._outbox):
                    for path in self._waiting():
                        self._deliver(path)
                if closing:
                    return
        except OSError as error:
            self._problems.append(f"The folder of alerts {self._outbox} cannot be used: {error.strerror or error}.")

    def _deliver(self, path: Path) -> None:
        found = _read(path)
        if found is None or datetime.now(UTC) - found[0] > _EXPIRY:
            logger.warning("an alert was given up: %s", path.name)
            path.unlink(missing_ok=True)
            return
        _, alert, told = found
        for address, send in _sendings(self._section):
            if address in told:
                continue
            try:
                send(alert, self._section.timeout)
            except UndeliveredError as error:
                logger.warning("an alert was not delivered: %s", error)
                self._problems.append(f"An alert was not delivered: {error}.")
            else:
                told.append(address)
                _put(path, {"alert": alert, "told": told})
        if all(address in told for address, _ in _sendings(self._section)):
            path.unlink(missing_ok=True)
            logger.info("told: %s", alert.get("title"))

    def _waiting(self) -> list[Path]:
        try:
            return sorted(path for path in self._outbox.iterdir() if path.suffix == ".json")
        except OSError:
            return []


def check(config: Config) -> None:
    """See that what telling needs is installed.

    Raises:
        UsageError: it is not; the message says what would install it.
    """
    from importlib.util import find_spec

    if config.alerts.urls and find_spec("apprise") is None:
        raise UsageError(
            "alerts.urls needs Apprise, which is not installed. Install it with: pip install "
            "'audiobook-pipeline[alerts]'. Or take alerts.urls out of the configuration."
        )


def _sendings(section: AlertsSection) -> Iterator[tuple[str, Send]]:
    """Everybody who is to be told, each under a name that does not give the address away."""
    if section.webhook_url is not None:
        yield _digest(section.webhook_url), partial(_post, section.webhook_url)
    for number, address in enumerate(section.urls, start=1):
        yield _digest(address), partial(_notify, address, number)


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def _post(url: str, alert: Alert, timeout_s: float) -> None:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirect(HTTPRedirectHandler):
        """An address that moves is to be corrected: a redirected POST would arrive as something else."""

        def redirect_request(self, *_: Any) -> None:
            return None

    headers = {"Content-Type": "application/json", "User-Agent": "audiobook-pipeline"}
    request = Request(url, json.dumps(alert).encode("ascii"), headers, method="POST")  # noqa: S310 - http or https
    try:
        with build_opener(NoRedirect).open(request, timeout=timeout_s) as answer:
            answer.read(1000)
    except HTTPError as error:
        raise UndeliveredError(f"alerts.webhook_url answers {error.code} {error.reason}") from error
    except (URLError, HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UndeliveredError(f"alerts.webhook_url cannot be reached: {reason}") from error


def _notify(address: str, number: int, alert: Alert, _timeout_s: float) -> None:
    import apprise

    kind = apprise.NotifyType.FAILURE if alert.get("failures") else apprise.NotifyType.SUCCESS
    try:
        target = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        delivered = target and target.notify(title=str(alert.get("title")), body=_body(alert), notify_type=kind)
    except Exception as error:  # whatever a service's own code raises
        raise UndeliveredError(f"number {number} of alerts.urls: {type(error).__name__}") from error
    if target is None:
        raise UndeliveredError(f"number {number} of alerts.urls is nothing that Apprise understands")
    if not delivered:
        raise UndeliveredError(f"number {number} of alerts.urls ({address.split(':')[0]}) was not delivered")


def _body(alert: Alert) -> str:
    failures = [f"{failure['book']}: {failure['reason']}" for failure in alert.get("failures", ())]
    return "\n".join([f"Folder: {alert.get('folder')}", *failures])


def _read(path: Path) -> tuple[datetime, Alert, list[str]] | None:
    """When an alert was raised, itself, and who has been told; None where the file is none."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        content = json.loads(path.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(content["alert"]["at"])
        return at.astimezone(UTC), dict(content["alert"]), [str(name) for name in content["told"]]
    return None


def _put(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time, so that nobody is told twice."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
