# SPDX-License-Identifier: MIT
"""The records of a document of any kind, as the commands show them: in the words of its life cycle.

The stage of a record is its status as it is stored; its status is the word for the kind of that, which is the same for
all life cycles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline_common import lifecycle as kinds
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.statuses import FAILED, PENDING, RUNNING, SKIPPED, SUCCESS
from pipeline_common.tools.catalogue import INTERRUPTED, Catalogue, Entry, HolderOf, newest, number_of, section, text_of
from pipeline_common.view import View

_STATUS_OF_KIND: Mapping[str, str] = {
    kinds.OPEN: PENDING,
    kinds.WORKING: RUNNING,
    kinds.DONE: SUCCESS,
    kinds.PASSED: SKIPPED,
    kinds.FAILED: FAILED,
}
_OVER = (kinds.DONE, kinds.PASSED)


class RecordCatalogue(Catalogue):
    """All records of a document of any kind.

    Args:
        document: as in `Catalogue`.
        holder_of: as in `Catalogue`.
        lifecycle: what the document means.
        look: as in `Catalogue`.
    """

    def __init__(
        self,
        document: Mapping[str, Any] | View,
        holder_of: HolderOf | None,
        lifecycle: Lifecycle,
        look: Callable[[Entry, Mapping[str, Any]], None] = lambda _entry, _records: None,
    ) -> None:
        self.stage_names = tuple(lifecycle.transitions)
        super().__init__(document, holder_of, lifecycle, look)

    def _entry(self, book: str, of_book: Mapping[str, Any]) -> Entry:
        lifecycle = self._lifecycle
        records = [section(of_book, place[0]) for place in lifecycle.records]
        steps = {key: lifecycle.normal_status(section(of_book, key).get("status")) for key in lifecycle.phases}
        open_phase = next((key for key, status in steps.items() if lifecycle.kind_of(status) not in _OVER), "")
        stage = lifecycle.stage_of(of_book)
        failed_in = text_of(_first(records, "failed_in")) or stage
        limits = lifecycle.retry_limits
        limit = limits.get(failed_in, limits.get(open_phase, lifecycle.default_retry_limit))
        count = number_of(_first(records, "retry_count"))
        return Entry(
            id=book,
            title=text_of(_first(records, "title")),
            source=text_of(_first(records, "source_path")) or text_of(section(_first(records, "source")).get("path")),
            stage=stage,
            status=self._word(book, lifecycle.kind_of(stage), bool(_first(records, "error"))),
            next_phase=open_phase,
            at=newest(records),
            error=text_of(_first(records, "error")),
            error_type=text_of(_first(records, "error_type")),
            retry_count=count,
            retry_limit=limit,
            # Who may be tried again is, whenever somebody likes to.
            next_try_at=text_of(_first(records, "next_try_at")) or (newest(records) if count < limit else ""),
        )

    def _word(self, book: str, kind: str, has_error: bool) -> str:  # noqa: FBT001 - of three
        if kind == kinds.OPEN and has_error:
            return FAILED
        if kind == kinds.WORKING and self._holder_of is not None and self._holder_of(book) is None:
            return INTERRUPTED
        return _STATUS_OF_KIND[kind]


def _first(records: Sequence[Mapping[str, Any]], field: str) -> Any:
    """What the first record that says anything says."""
    return next((record[field] for record in records if record.get(field)), None)
