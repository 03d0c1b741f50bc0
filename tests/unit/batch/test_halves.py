"""Work that is divided between two processes gives what one would have given, whatever becomes of the other."""

import os
import signal

import psutil
import pytest

from batch.halves import in_halves


@pytest.mark.parametrize("count", [0, 1, 2, 7, 10_000])
def test_the_outcome_is_that_of_one_process_in_order(count: int) -> None:
    assert in_halves(range(count), lambda item: [item, "ü\udcff"]) == [[item, "ü\udcff"] for item in range(count)]


def test_two_processes_share_it() -> None:
    assert len({pid for (pid,) in in_halves(range(10), lambda _: [os.getpid()])}) == 2


def test_what_the_other_process_leaves_undone_is_done_here() -> None:
    here = os.getpid()

    def work(item: int) -> list[int]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return [item]

    assert in_halves(range(4), work) == [[0], [1], [2], [3]]


def test_an_error_here_ends_the_other_process_and_is_raised() -> None:
    here = os.getpid()

    def work(_item: int) -> list[int]:
        if os.getpid() != here:
            signal.pause()
        raise ZeroDivisionError

    before = psutil.Process().children()
    with pytest.raises(ZeroDivisionError):
        in_halves(range(4), work)
    assert psutil.Process().children() == before  # not even one that nobody has waited for
