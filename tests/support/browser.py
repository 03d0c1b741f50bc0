"""A real browser, driven through chromedriver's HTTP interface (the W3C's WebDriver)."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER, DRIVER = "chromium", "chromedriver"
DEADLINE_S = 60.0


def missing() -> str:
    """What is not installed; empty where all is."""
    return ", ".join(name for name in (BROWSER, DRIVER) if not shutil.which(name))


class Browser:
    """One window."""

    def __init__(self, base: str, session: str) -> None:
        self._base = f"{base}/session/{session}"

    def open(self, path: Path) -> None:
        """Show a local file."""
        self._post("url", {"url": path.as_uri()})

    def run(self, script: str) -> Any:
        """The value that a script returns."""
        return self._post("execute/sync", {"script": script, "args": []})

    def resize(self, width: int, height: int) -> None:
        """Give the window a size, pixels."""
        self._post("window/rect", {"width": width, "height": height})

    def dress(self, scheme: str) -> None:
        """Prefer light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._post("goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}})

    def picture(self) -> bytes:
        """What the window shows, PNG."""
        return base64.b64decode(_call(f"{self._base}/screenshot", None))

    def printed(self) -> bytes:
        """What a printer would get, PDF."""
        return base64.b64decode(self._post("print", {}))

    def log(self) -> list[dict[str, Any]]:
        """What the console says."""
        found: list[dict[str, Any]] = self._post("se/log", {"type": "browser"})
        return found

    def _post(self, command: str, body: dict[str, Any]) -> Any:
        return _call(f"{self._base}/{command}", body)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the browser, without a window and without a network."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
        try:
            _wait(base)
            # Nothing but this machine has a name: whatever the page asked for elsewhere would fail, and be logged.
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            arguments += ["--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars"]
            options = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
            session = _call(f"{base}/session", {"capabilities": {"alwaysMatch": options}})["sessionId"]
            try:
                yield Browser(base, session)
            finally:
                _call(f"{base}/session/{session}", None, "DELETE")
        finally:
            driver.terminate()


def _wait(base: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            if _call(f"{base}/status", None)["ready"]:
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "chromedriver does not answer"


def _call(url: str, body: dict[str, Any] | None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
        return json.load(answer)["value"]
