"""``orchestrate-audiobook BOOK``: one book, from its file to the output folder."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from orchestrator.beside import fault_beside
from orchestrator.book import complain, say, tell, tell_interruption
from orchestrator.config import Config
from orchestrator.decisions import MissingInputError, decide, taken_as_given
from orchestrator.descendants import become_subreaper, can_confine
from orchestrator.environments import equipped
from orchestrator.exits import ExitCode, UsageError, guarded
from orchestrator.hearing import explain, heard, voice_faults
from orchestrator.interrupts import InterruptedRun, Interrupts
from orchestrator.measurements import table_version, told
from orchestrator.memory import memory_group
from orchestrator.opening import look_at_state, open_state
from orchestrator.options import add_shared_options, configure, configure_logging
from orchestrator.orphans import mark_run
from orchestrator.preview import PreviewError, preview
from orchestrator.records import BookRecords
from orchestrator.run import Job, orchestrate
from orchestrator.settings import Settings
from orchestrator.sources import examine
from orchestrator.spawning import Starter
from pipeline_common import PipelineState
from pipeline_common.books import book_id

logger = logging.getLogger(__name__)


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="orchestrate-audiobook",
        description="Turn one book into an audiobook, going on where the last run stopped.",
        epilog="Exit codes: 0 done, 1 the book failed, 2 wrong usage or configuration, 3 the state cannot be used, "
        "129/130/143 interrupted.",
    )
    parser.add_argument(
        "book",
        type=Path,
        nargs="?",
        metavar="BOOK",
        help="the book's file (.txt .md .html .xhtml .epub .docx .odt .rtf .fb2 .pdf); "
        "one whose name begins with - as ./-name",
    )
    add_shared_options(parser)
    parser.add_argument(
        "--text",
        action="store_true",
        help="with --dry-run: show chapters, words, hours, and what would be left out, with examples",
    )
    parser.add_argument(
        "--spoken",
        action="store_true",
        help="with --dry-run: show what would be said otherwise than it is written, most often first, and the words "
        "that the voice's dictionary does not know",
    )
    parser.add_argument(
        "--explain-text",
        metavar="TEXT",
        help="show step by step, and rule by rule, how a text would be said (in --language); needs no BOOK",
    )
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="write the log there instead of to the terminal")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments; None takes the process's own.

    Returns:
        The exit code.
    """
    args = build_parser().parse_args(argv)
    return guarded(lambda: _start(args), complain)


def _start(args: argparse.Namespace) -> int:
    config = configure(args, {})
    configure_logging(config, args.log_file)
    for warning in config.warnings():
        complain(warning)
    if args.explain_text is not None:
        return _show(explain(args.explain_text, Settings.of(config), config.language or config.text.language))
    if args.book is None:
        raise UsageError("no BOOK is given. Give the path of a book, or a text with --explain-text.")
    path = _book_file(args.book)
    for option, given in (("--text", args.text), ("--spoken", args.spoken)):
        if given and not args.dry_run:
            raise UsageError(f"{option} shows what would be done, so it goes with --dry-run. Add --dry-run.")
    if args.text or args.spoken:
        return _show_text(path, config, args)
    settings = equipped(Settings.of(config), config)
    return _show_decisions(path, config, settings) if args.dry_run else _run(path, config, settings)


def _run(path: Path, config: Config, settings: Settings) -> int:
    mark_run(config.work_dir)
    become_subreaper()
    with memory_group() as group, Starter(confined=can_confine()) as starter, Interrupts() as interrupts:
        try:
            state, _ = open_state(config, complain)
            job = Job(book_id(path, config.root), path, settings, state, say, starter, group)
            measured = table_version(job.folder)
            outcome = orchestrate(job, interrupts)
        except InterruptedRun as interruption:
            return tell_interruption(path, interruption)
    _keep_views(config, state)
    if outcome.failure is None and table_version(job.folder) != measured:
        for line in told(job.folder):
            say(line)
    return tell(path, outcome)


def _keep_views(config: Config, state: PipelineState) -> None:
    """Bring the views that are on up to date with what was done."""
    kinds = config.views.kept_up_to_date()
    if kinds:
        from pipeline_common.derived.following import caught_up

        problem = caught_up(state, kinds)
        if problem:
            complain(f"The views of the state are behind: {problem}. `pipeline-state reindex` makes them anew.")


def _show_decisions(path: Path, config: Config, settings: Settings) -> int:
    identity = book_id(path, config.root)
    say(f"{path.name} ({identity})")
    state, view = look_at_state(config)
    records = BookRecords(state, identity, view.records_of(identity))
    try:
        source = examine(path, config.root, records.book.get("source"), verify=config.verify)
        decisions = decide(records, settings, source, config.phases())
    except MissingInputError as error:
        complain(str(error))
        return ExitCode.FAILED
    for phase, what in taken_as_given(records, settings, source, decisions):
        say(f"  {phase.number:<3} {phase.name:<11} given {what}")
    for decision in decisions:
        verb = "run" if decision.runs else "skip"
        say(f"  {decision.phase.number:<3} {decision.phase.name:<11} {verb:<4} {decision.reason}")
    running = {decision.phase.name for decision in decisions if decision.runs}
    fault = fault_beside(source.beside) if "validation" in running else None
    if fault:
        complain(fault)
        return ExitCode.FAILED
    faults = voice_faults(settings) if "synthesis" in running else []
    for fault in faults:
        complain(fault)
    return ExitCode.USAGE if faults else ExitCode.DONE


def _show_text(path: Path, config: Config, args: argparse.Namespace) -> int:
    say(path.name)
    settings, source = Settings.of(config), examine(path, config.root, None)
    shown = [look(path, settings, source) for look, wanted in ((preview, args.text), (heard, args.spoken)) if wanted]
    return _show(chain.from_iterable(shown))


def _show(lines: Iterable[str]) -> int:
    try:
        for line in lines:
            say(line)
    except PreviewError as error:
        complain(str(error))
        return ExitCode.FAILED
    return ExitCode.DONE


def _book_file(path: Path) -> Path:
    absolute = path.absolute()
    if not absolute.exists():
        raise UsageError(f"{path}: there is no such file. Give the path of a book.")
    if not absolute.is_file():
        raise UsageError(f"{path} is not a file. Give the path of a book, or run batch-audiobook over the folder.")
    return absolute
