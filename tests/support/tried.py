"""What is tried of `pipeline-state` as it is installed: every command, option and exit code, on a folder after a batch.

`test_tools_docs` fails for an option that no row names; `test_every_option` runs the rows, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Try:
    """One command line.

    Attributes:
        line: without the program's name.
        said: is in its output or among its errors.
        code: with which it ends.
    """

    line: str
    said: str
    code: int = 0


TRIES = (
    Try("list --failed --limit 1 --json", '"total"'),
    Try("list --processed", "COMPLETE"),
    Try("list --status FAILED", "failed"),
    Try("list --stage complete", "COMPLETE"),
    Try("list --status done", "invalid choice", 2),
    Try("--config config.yaml --pipeline-json pipeline.json --lifecycle audiobook list", "by status"),
    Try("list --config config.yaml --pipeline-json pipeline.json --lifecycle audiobook", "by status"),
    Try("list --lifecycle photos", "There is no life cycle 'photos'", 2),
    Try("list --pipeline-json nowhere/pipeline.json", "There is no folder", 2),
    Try("--version", "pipeline-state "),
    Try("--help", "COMMAND"),
    Try("show empty.txt --json", '"found": true'),
    Try("show nobody", "not found: nobody"),
    Try("next --stage DISCOVERED --limit 2 --json", '"books"'),
    Try("next --stage LATER", "There is no stage 'LATER'", 2),
    Try("retry empty.txt nobody --dry-run", "Nothing was changed"),
    Try("clear empty.txt --from-phase validation --dry-run", "forgotten: validation"),
    Try("clear empty.txt --from-phase 7", "There is no phase '7'", 2),
    Try("history --since 1d --limit 2 --json", '"events"'),
    Try("history --book empty.txt", "batch"),
    Try("history --since tomorrow", "is no moment", 2),
    Try("history --follow", "Interrupted; what was committed is kept.", 130),
    Try("backups --json", '"readable": true'),
    Try("restore --backup missing.bak --dry-run", "missing.bak", 3),
    Try("restore --revision 9999999 --dry-run", "is not in the history", 3),
    Try("restore --at 0s --dry-run", "nothing to do"),
    Try("restore", "is required", 2),
    Try("reset --dry-run", "Would be moved"),
    Try("check --json", '"faults": []'),
    Try("check --repair --dry-run", "everything is in order"),
    Try("prune --stale-only --failed-older-than 30d --orphans --dry-run", "There is nothing to prune."),
    Try("prune --failed-older-than soon", "is no age", 2),
    Try("query 'SELECT count(*) FROM books' --limit 1 --timeout 5 --json", '"rows"'),
    Try("query 'DELETE FROM books'", "The query is refused", 2),
    Try("reindex --view json", "index.json was made"),
    Try("export --format csv --output books.csv", "books.csv"),
    Try("report --format csv --period daily --output -", "id,title"),
    Try("metrics --output books.prom", "Wrote books.prom"),
)
