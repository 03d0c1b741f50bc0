"""Opens the state as the commands do: damage is repaired and said, documents of the first version are taken over."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.config import Config
from orchestrator.library import discover
from pipeline_common import PipelineState, StateReadError, load_pipeline_json
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.books import book_id
from pipeline_common.first_version import take_over
from pipeline_common.view import View

logger = logging.getLogger(__name__)


def open_state(
    config: Config, complain: Callable[[str], None], books: Iterable[Path] | None = None
) -> tuple[PipelineState, View]:
    """The state of a library, ready for use, and a view of its committed document.

    Args:
        config: the configuration.
        complain: tells the user what had to be repaired.
        books: the books of the library where they are known; None looks for them, but only if their names are needed.

    Raises:
        StateError: the state cannot be used; the message says what to do.
        OSError: the state file's folder cannot be made.
    """
    config.root.mkdir(parents=True, exist_ok=True)
    state = PipelineState(config.pipeline_json, validate_on_read=True)
    relay = _Relay(complain)
    logging.getLogger("pipeline_common").addHandler(relay)
    try:
        with suppress(StateReadError):  # what follows restores it and tells of it, or says what is wrong
            view = state.view()
            if view.trusted and (not view.document or "books" in view.document):
                return state, view
        load_pipeline_json(config.pipeline_json)
        view = state.view()
    finally:
        logging.getLogger("pipeline_common").removeHandler(relay)
    if view.document and "books" not in view.document:
        _take_over(config, state, view.plain(), books)
        view = state.view()
    AUDIOBOOK.validate(view.plain())
    return state, view


def look_at_state(config: Config, books: Iterable[Path] | None = None) -> tuple[PipelineState, View]:
    """The state and a view of its document as `open_state` would leave it, with nothing changed, for ``--dry-run``.

    Raises:
        StateError: the state cannot be used; the message says what to do.
    """
    state = PipelineState(config.pipeline_json, validate_on_read=True)
    document = state.read()
    if document and "books" not in document:
        document = take_over(document, _names(config, books), config.root)
    return state, View(document, AUDIOBOOK)


def _take_over(config: Config, state: PipelineState, document: dict[str, Any], books: Iterable[Path] | None) -> None:
    """Give the records of the first version, which are named after files, to the books that they are about."""
    names = _names(config, books)
    if take_over(document, names, config.root) != document:
        with state.transaction(validate=False, operation="migrate") as txn:
            txn.data = take_over(txn.data, names, config.root)
        logger.info("records of the first version were taken over")


def _names(config: Config, books: Iterable[Path] | None) -> dict[str, str]:
    """What the first version called each book, to its book_id."""
    if books is None:
        books = discover(config.input_dir).books if config.input_dir.is_dir() else ()
    names: dict[str, str] = {}
    for path in books:
        for name in (path.name, path.stem):
            # The first book in natural order has the name, as it had in the first version.
            names.setdefault(unicodedata.normalize("NFC", name), book_id(path, config.root))
    return names


class _Relay(logging.Handler):
    """Shows warnings of the state module to the user."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._complain = complain

    def emit(self, record: logging.LogRecord) -> None:
        self._complain(record.getMessage())
