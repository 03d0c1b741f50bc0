"""`--explain-text`, `--dry-run --spoken` and `--language`: how a text would be said, and in which language."""

from pathlib import Path

from commands import run

COMMAND = "orchestrate-audiobook"


def test_a_text_is_explained_step_by_step_and_rule_by_rule(tmp_path: Path) -> None:
    text = "On 3 May 1893 Dr. Seward paid £4 7s."
    result = run(COMMAND, "--explain-text", text, "--language", "en", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{text}  (en)",
        "  abbreviation: “Dr.” → “Doctor”",
        "      On 3 May 1893 Doctor Seward paid £4 7s.",
        "  date: “3 May 1893” → “the third of May, eighteen ninety-three”",
        "      On the third of May, eighteen ninety-three Doctor Seward paid £4 7s.",
        "  money: “£4 7s.” → “four pounds seven shillings”",
        "      On the third of May, eighteen ninety-three Doctor Seward paid four pounds seven shillings.",
        "said: On the third of May, eighteen ninety-three Doctor Seward paid four pounds seven shillings.",
    ]
    assert list(tmp_path.iterdir()) == []


def test_switches_and_lexicon_of_the_configuration_are_explained_too(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "text:\n  language: de\n  spoken: {number: false}\n"
        "  lexicon: [{text: Nguyen, ipa: wɪn}, {pattern: '(a|aa)+$', say: b}]\n",
        encoding="utf-8",
    )
    result = run(COMMAND, "--explain-text", "Nguyen kam um 5.", cwd=tmp_path)
    assert result.stdout.splitlines() == [
        "Nguyen kam um 5.  (de)",
        "  lexicon: “Nguyen” → “Nguyen” [wɪn]",
        "      Nguyen kam um 5.",
        "said: Nguyen kam um 5.  Nguyen [wɪn]",
    ]
    slow = run(COMMAND, "--explain-text", "a" * 60 + "!", cwd=tmp_path)
    assert (slow.returncode, slow.stdout) == (1, "")
    assert "(a|aa)+$" in slow.stderr


def test_what_a_book_would_have_said_otherwise_is_counted_with_examples(tmp_path: Path) -> None:
    body = "<h1>One</h1><p>Mr. Cholmondeley met Mr. Hyde on 3 May.</p><p lang='fr'>Il est arrivé à 5 heures.</p>"
    (tmp_path / "a.html").write_text(f"<html lang='en'><title>t</title><body>{body}</body></html>", encoding="utf-8")
    result = run(COMMAND, "a.html", "--dry-run", "--spoken", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:3] == ["a.html", "t · en", "5 changes"]
    assert "  abbreviation: 2, 1 different: abbreviations in full" in lines
    assert "         2  “Mr.” → “Mister”    Mr. Cholmondeley met Mr. Hy" in lines
    assert "  passages marked as fr: 1" in lines
    names = next(line for line in lines if line.startswith("  names:"))
    assert "Cholmondeley (1)" in names
    assert any(line.startswith("Not in the voice's dictionary (fr)") for line in lines)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_the_language_of_the_command_goes_over_the_sheet_which_goes_over_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Er kam um 5.\n")

    def language(*options: str) -> str:
        return run(COMMAND, "a.txt", "--dry-run", "--spoken", *options, cwd=tmp_path).stdout.splitlines()[1]

    (tmp_path / "config.yaml").write_text("text: {language: fr}\n")
    assert language().endswith("· fr")
    (tmp_path / "a.txt.book.yaml").write_text("language: de\n")
    assert language().endswith("· de")
    assert language("--language", "nl").endswith("· nl")


def test_wrong_uses_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("It rains.\n")
    for given in ((), ("a.txt", "--spoken"), ("a.txt", "--language", "English!")):
        result = run(COMMAND, *given, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
    (tmp_path / "a.txt.book.yaml").write_text("language: Deutsch!\n")
    result = run(COMMAND, "a.txt", "--dry-run", "--spoken", cwd=tmp_path)
    assert result.returncode == 1
    assert "is no code of a language" in result.stderr
