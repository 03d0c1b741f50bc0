import json
from pathlib import Path

from orchestrator.config import Config
from orchestrator.settings import Settings
from phases.catalogue import BUILT_IN


def test_settings_pass_through_json_unchanged(tmp_path: Path) -> None:
    config = Config.model_validate({"phases": {"chunking": {"command": ["bin/cut", "--fine"]}}, "phase_timeout": 5})
    settings = Settings.of(config.resolved(tmp_path))
    assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
    assert settings.by_phase["chunking"].command == (str(tmp_path / "bin/cut"), "--fine")


def test_a_program_in_the_place_of_a_phase_is_another_identity_and_the_others_keep_theirs(tmp_path: Path) -> None:
    settings = Settings.of(Config.model_validate({"phases": {"chunking": {"command": ["cut"]}}}).resolved(tmp_path))
    assert settings.by_phase["chunking"].identity != BUILT_IN["chunking"].identity()
    assert settings.by_phase["synthesis"].identity == BUILT_IN["synthesis"].identity()
