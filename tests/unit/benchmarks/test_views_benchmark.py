"""The benchmark of views: all of its parts are measured, and its verdicts are those of the figures."""

from pathlib import Path

import pytest

from benchmarks import views

QUICK = ["--books", "40", "--pairs", "1", "--commits", "100", "--seconds", "0", "--sizes", "20", "--samples", "1"]


@pytest.mark.long
def test_what_views_cost_and_give_is_measured_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = views.main(["--folder", str(tmp_path), *QUICK])
    said = capsys.readouterr().out
    assert code == (1 if "FAIL" in said else 0)
    assert said.count("PASS") + said.count("FAIL") == 3
    assert all(f"20 books  {kind}" in said for kind in ("sqlite", "yaml", "json"))
    assert all(f"  {question} " in said for question in views.QUERIES)
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_is_none_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        views.main(["--parts", "commits,sleep"])
    assert "give some of commits,reindex,look" in capsys.readouterr().err
