import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from orchestrator.options import _seconds, number_between, positive_int


@pytest.mark.parametrize("kind", [positive_int, partial(number_between, 1, 100), _seconds])
@pytest.mark.parametrize("text", ["abc", "", "nan", "0", "-1"])
def test_a_wrong_number_is_told_in_words(kind: Callable[[str], object], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"number|between|at least"):
        kind(text)


def test_a_log_on_a_full_disk_fails_nothing_and_shows_no_traceback() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    code = "from pathlib import Path; from orchestrator.config import Config; import orchestrator.options, logging; "
    code += "orchestrator.options.configure_logging(Config(), Path('/dev/full')); logging.error('a line')"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (0, "")
