import json
import sys
from pathlib import Path

from orchestrator.config import Config
from orchestrator.environments import equipped
from orchestrator.settings import Settings
from phases.catalogue import BUILT_IN


def test_settings_pass_through_json_unchanged(tmp_path: Path) -> None:
    config = Config.model_validate({"phases": {"chunking": {"command": ["bin/cut", "--fine"]}}, "phase_timeout": 5})
    settings = Settings.of(config.resolved(tmp_path))
    assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
    assert settings.by_phase["chunking"].command == (str(tmp_path / "bin/cut"), "--fine")


def test_what_a_phase_needs_passes_through_json_unchanged(tmp_path: Path) -> None:
    script = tmp_path / "cut.py"
    script.touch()
    section = {"python": sys.executable, "module": "cut.py"}
    config = Config.model_validate({"phases": {"chunking": section}}).resolved(tmp_path)
    settings = equipped(Settings.of(config), config)
    requirements = settings.by_phase["chunking"].requirements
    assert [requirement.path for requirement in requirements] == [sys.executable, str(script)]
    assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings


def test_listeners_are_told_of_espeak_only_where_it_speaks(tmp_path: Path) -> None:
    own = {"phases": {"synthesis": {"command": ["flite"]}}}
    told = [Settings.of(Config.model_validate(keys).resolved(tmp_path)) for keys in ({}, own)]
    assert [settings.by_phase["enhancement"].values["narrator"] for settings in told] == ["eSpeak NG", None]


def test_a_program_in_the_place_of_a_phase_is_another_identity_and_the_others_keep_theirs(tmp_path: Path) -> None:
    settings = Settings.of(Config.model_validate({"phases": {"chunking": {"command": ["cut"]}}}).resolved(tmp_path))
    assert settings.by_phase["chunking"].identity != BUILT_IN["chunking"].identity()
    assert settings.by_phase["synthesis"].identity == BUILT_IN["synthesis"].identity()
