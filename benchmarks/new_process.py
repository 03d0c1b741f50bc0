"""What `state_scoped` and `views` start: a process that does one thing with a state file and says what that cost.

It imports next to nothing but what is measured. Usage: ``python -m benchmarks.new_process WHAT FILE WITH``, where WHAT
is ``scoped``, ``load`` or ``parse`` with a book's id (for ``scoped``, the standard input has the book's records),
``read``, or ``command`` with the words of a command of ``pipeline-state`` as JSON.
"""

import io
import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from benchmarks.memory import peak_memory_bytes

COMMITS = 12
"""About as many as a book needs."""


def main() -> None:
    """Do it, and print CPU seconds, seconds, and the peak of memory as one JSON object."""
    what, path, given = sys.argv[1:]
    does = {"scoped": _scoped, "load": _load, "parse": _parse, "read": _read, "command": _command}
    started = does[what](path, given)
    cost = {
        "cpu_s": time.process_time() - started[0],
        "wall_s": time.perf_counter() - started[1],
        "peak_bytes": peak_memory_bytes(),
    }
    print(json.dumps(cost))


def _scoped(path: str, book_id: str) -> tuple[float, float]:
    """A book's process: open its handle, commit, close. All of its CPU time counts, that of its start too."""
    begin = time.perf_counter()
    from pipeline_common import PipelineState

    records = json.load(sys.stdin)
    scoped = PipelineState.scoped(path, book_id, records)
    for count in range(COMMITS):
        with scoped.transaction() as txn:
            record = txn.data["phase1"]["files"][book_id]
            record["status"] = "success" if count % 2 else "running"
            record["attempts"] = count
    return 0.0, begin


def _load(path: str, book_id: str) -> tuple[float, float]:
    """A batch's process: how long until one record can be read in a transaction."""
    from pipeline_common import PipelineState

    class EnoughError(Exception):
        pass

    begin = time.process_time(), time.perf_counter()
    end = begin
    try:
        with PipelineState(path).transaction() as txn:
            if txn.data["books"][book_id]["retry_count"] == 0:
                end = time.process_time(), time.perf_counter()
            raise EnoughError
    except EnoughError:
        # What came after is none of the load.
        return begin[0] + time.process_time() - end[0], begin[1] + time.perf_counter() - end[1]


def _parse(path: str, book_id: str) -> tuple[float, float]:
    """The peer of `_load`."""
    import orjson

    begin = time.process_time(), time.perf_counter()
    with open(path, "rb") as file:
        document = orjson.loads(file.read())
    if document["books"][book_id]["retry_count"] == 0:
        return begin
    raise ValueError(f"{path} is not the document that was written")


def _read(path: str, _: str) -> tuple[float, float]:
    """The whole document as plain values, as any program loads it."""
    from pipeline_common import PipelineState

    begin = time.process_time(), time.perf_counter()
    PipelineState(path).read()
    return begin


def _command(path: str, words: str) -> tuple[float, float]:
    """A command of ``pipeline-state`` without its start-up: its imports, and those of the program behind it."""
    import rich.table  # noqa: F401

    from pipeline_common.audiobook import AUDIOBOOK
    from pipeline_common.cli import main
    from pipeline_common.derived import query  # noqa: F401
    from pipeline_common.tools.workspace import open_workspace

    open_workspace(Path(path), None, AUDIOBOOK.name)
    sys.argv = ["pipeline-state", "--pipeline-json", path, *json.loads(words)]
    shown = io.StringIO()
    with redirect_stdout(shown):
        begin = time.process_time(), time.perf_counter()
        code = main()
    if code:
        raise SystemExit(code)
    return begin


if __name__ == "__main__":
    main()
