"""The records of episodes, by id: what is written as the work goes on, and what is to be done next.

Each function is one transaction or one look. Which status may follow which is the life cycle's to check.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from episodes.lifecycle import EPISODES, FAILED, PUBLISHED, RESULT_OF, SKIPPED, WORK_AFTER, WORKING
from pipeline_common import InvalidStatusTransitionError, PipelineState

_Outcome = TypeVar("_Outcome")


class AttemptsExhaustedError(Exception):
    """A stage has been attempted as often as it may; the message says what makes it eligible again."""


def open_state(path: str | os.PathLike[str]) -> PipelineState:
    """The state of a podcast."""
    return PipelineState(path, lifecycle=EPISODES)


def discover(state: PipelineState, episode: str, *, title: str, date: str) -> bool:
    """Record an episode that the feed names.

    Args:
        state: the state.
        episode: its id.
        title: its title.
        date: when it is from, ISO 8601.

    Returns:
        Whether it is a new one; what is known of others stays.
    """
    if episode in episodes_of(state):
        return False
    with state.transaction(operation="discover") as txn:
        _files(txn.data).setdefault(episode, {"status": EPISODES.initial, "title": title, "date": date})
    return True


def begin(state: PipelineState, episode: str) -> str:
    """Record that somebody begins with what an episode waits for: its next stage, or one that failed or was broken off.

    Returns:
        The stage.

    Raises:
        AttemptsExhaustedError: it has been attempted as often as it may.
        InvalidStatusTransitionError: there is no work to be begun on an episode of its status.
    """

    def change(record: Any) -> str:
        status = _status(record)
        again = status in WORKING or status == FAILED
        stage = _work_of(record) or (WORKING[0] if status == FAILED else "")
        count = _count(record) if again else 0
        limit = EPISODES.retry_limit(stage)
        if stage and count >= limit:
            raise AttemptsExhaustedError(
                f"{episode} has been in the stage {stage} {count} times, which is as often as it may. "
                f"Mend what is wrong, then: pipeline-state retry {episode}"
            )
        record.update(status=stage or WORKING[0], retry_count=count + 1, started_at=_now())
        return str(record["status"])

    return _changed(state, episode, "begin", change)


def finish(state: PipelineState, episode: str, **facts: Any) -> str:
    """Record that the stage an episode is in has given its result, with what belongs to it.

    Returns:
        The status that it has now.

    Raises:
        InvalidStatusTransitionError: nobody has begun with it.
    """

    def change(record: Any) -> str:
        record.update(facts, status=RESULT_OF[_begun(episode, record)], finished_at=_now())
        for field in ("retry_count", "error", "failed_at", "failed_in"):
            record.pop(field, None)
        return str(record["status"])

    return _changed(state, episode, "finish", change)


def fail(state: PipelineState, episode: str, error: str) -> bool:
    """Record that the stage an episode is in has failed.

    Returns:
        Whether it may be attempted again.

    Raises:
        InvalidStatusTransitionError: nobody has begun with it.
    """

    def change(record: Any) -> bool:
        stage, now = _begun(episode, record), _now()
        history = record.get("error_history")
        earlier = history if isinstance(history, list) else ()
        record["error_history"] = [*earlier, {"timestamp": now, "stage": stage, "error": error}]
        record.update(status=FAILED, error=error, failed_at=now, failed_in=stage)
        return _count(record) < EPISODES.retry_limit(stage)

    return _changed(state, episode, "fail", change)


def skip(state: PipelineState, episode: str, reason: str) -> None:
    """Record that nobody wants an episode.

    Raises:
        InvalidStatusTransitionError: it is being worked on, or is with the host already.
    """
    _changed(state, episode, "skip", lambda record: record.update(status=SKIPPED, reason=reason))


def schedule(state: PipelineState, episode: str, at: str) -> None:
    """Record when the host gives an episode to the listeners, ISO 8601.

    Raises:
        InvalidStatusTransitionError: the host does not have it.
    """
    _changed(state, episode, "schedule", lambda record: record.update(status="scheduled", publish_at=at))


def publish(state: PipelineState, episode: str) -> None:
    """Record that the listeners have an episode.

    Raises:
        InvalidStatusTransitionError: it is not scheduled.
    """
    _changed(state, episode, "publish", lambda record: record.update(status=PUBLISHED, finished_at=_now()))


def incomplete_by_stage(state: PipelineState) -> dict[str, list[str]]:
    """The episodes that are neither published nor skipped, by status, in the order of the table."""
    found: dict[str, list[str]] = {status: [] for status in EPISODES.transitions if status not in (PUBLISHED, SKIPPED)}
    for episode, record in episodes_of(state).items():
        found.get(_status(record), []).append(episode)
    return {status: sorted(episodes) for status, episodes in found.items() if episodes}


def next_for_processing(state: PipelineState) -> str | None:
    """The episode to begin with: the furthest of those that wait or may be attempted again, of these the oldest."""
    waiting = [
        (-WORKING.index(stage), str(record.get("date") or ""), episode)
        for episode, record in episodes_of(state).items()
        if (stage := _work_of(record))
        and _count(record) < EPISODES.retry_limit(stage)
        and _status(record) not in WORKING
    ]
    return min(waiting)[2] if waiting else None


def episodes_of(state: PipelineState) -> dict[str, Mapping[str, Any]]:
    """All episodes; what is no object counts as an empty one."""
    section = state.read().get("episodes")
    files = section.get("files") if isinstance(section, Mapping) else None
    records = files.items() if isinstance(files, Mapping) else ()
    return {episode: record if isinstance(record, Mapping) else {} for episode, record in records}


def _changed(state: PipelineState, episode: str, operation: str, change: Callable[[Any], _Outcome]) -> _Outcome:
    with state.transaction(operation=operation) as txn:
        files = _files(txn.data)
        if episode not in files:
            raise KeyError(f"there is no episode {episode!r}; the feed has not named it yet")
        return change(files[episode])


def _begun(episode: str, record: Mapping[str, Any]) -> str:
    """The working stage that an episode is in.

    Raises:
        InvalidStatusTransitionError: it is in none.
    """
    status = _status(record)
    if status not in WORKING:
        raise InvalidStatusTransitionError(
            f"Invalid status transition: {episode} is {status}, so nobody is at work on it. Begin with it first."
        )
    return status


def _files(document: Any) -> Any:
    return document.setdefault("episodes", {}).setdefault("files", {})


def _status(record: Mapping[str, Any]) -> str:
    return str(EPISODES.normal_status(record.get("status")))


def _work_of(record: Mapping[str, Any]) -> str:
    """The working stage that an episode waits for or is in; empty where there is none."""
    status = _status(record)
    if status == FAILED:
        stage = record.get("failed_in")
        return stage if stage in WORKING else WORKING[0]
    return status if status in WORKING else WORK_AFTER.get(status, "")


def _count(record: Mapping[str, Any]) -> int:
    count = record.get("retry_count")
    return count if isinstance(count, int) else 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
