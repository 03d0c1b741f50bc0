import json
from pathlib import Path

from orchestrator.config import Config
from orchestrator.opening import look_at_state, open_state


def test_looking_at_a_document_of_the_first_version_shows_what_opening_makes_and_changes_nothing(
    tmp_path: Path,
) -> None:
    config = Config().resolved(tmp_path)
    config.input_dir.mkdir()
    (config.input_dir / "book.txt").write_text("Once.")
    (tmp_path / "done.mp3").write_text("sound")
    phases = {f"phase{n}": {"status": "success", "files": {"book.txt": {"hash": "a"}}} for n in range(1, 5)}
    phases["phase5"] = {"status": "success", "files": {"book.txt": {"output": "done.mp3"}}}
    text = json.dumps({"file_id": "book", **phases})
    config.pipeline_json.write_text(text)
    _, looked_at = look_at_state(config)
    assert config.pipeline_json.read_text() == text
    assert looked_at.plain()["books"] == open_state(config, print)[1].plain()["books"] != {}
