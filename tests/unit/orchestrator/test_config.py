import re
from pathlib import Path

import pytest

from orchestrator import docs
from orchestrator.config import Config, load_config, phase_number
from orchestrator.settings import settings_of
from pipeline_common import ConfigError
from pipeline_common.phases import PHASES

CHECKOUT = Path(__file__).parents[3]


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_config(path)


def test_the_defaults_are_those_of_the_published_documentation() -> None:
    config = Config()
    assert config.phases_to_run == ("1", "2", "3", "4", "5")
    assert (config.resume_enabled, config.max_workers, config.batch_size) == (True, 2, None)
    assert (config.cpu_threshold, config.throttle_delay, config.phase_timeout) == (85, 1.0, None)
    assert (config.log_level, str(config.log_file), str(config.pipeline_json)) == ("INFO", "batch.log", "pipeline.json")
    assert config.limits.stall_timeout == 300
    assert (config.retries.limit, config.retries.delay, config.retries.factor, config.retries.jitter) == (3, 5, 4, True)
    assert (config.alerts.on_failure, config.alerts.threshold, config.alerts.webhook_url) == (True, 5, None)
    assert config.retention.compress_after_days == 30
    assert (config.reports.daily, config.reports.weekly, config.reports.format) == (True, True, "html")
    assert (config.tts.engine, config.tts.voice) == ("espeak", "en-us")
    assert (config.audio.formats, config.audio.preset) == (("m4b", "mp3"), "audiobook")


def test_no_voice_is_cleaned_unless_the_user_wants_it() -> None:
    assert (Config().audio.high_pass_hz, Config().audio.noise_gate_db) == (None, None)


def test_the_shipped_configuration_says_the_defaults() -> None:
    assert load_config(CHECKOUT / "config.yaml") == Config().resolved(CHECKOUT)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, "input_dir: books\npipeline_json: state/pipeline.json\n")
    assert config.input_dir == tmp_path / "books"
    assert config.root == tmp_path / "state"


def test_subtitles_run_with_phase_5_unless_switched_off_and_can_be_named() -> None:
    def phases(**keys: object) -> list[str]:
        return [phase.number for phase in Config.model_validate(keys).phases()]

    assert phases() == ["1", "2", "3", "4", "5", "5.5"]
    assert phases(subtitles={"enabled": False}) == ["1", "2", "3", "4", "5"]
    assert phases(phases_to_run=[5.5]) == ["5.5"]
    assert phases(phases_to_run=["synthesis", 3], subtitles={"enabled": False}) == ["3", "4"]


def test_the_older_keys_are_accepted_and_those_that_are_gone_named_in_one_warning(tmp_path: Path) -> None:
    config = load(tmp_path, "resume: false\nphases: [1, 2]\nuse_gpu: true\nconda_env: tts\nlog_level: debug\n")
    assert config.resume_enabled is False
    assert config.phases_to_run == ("1", "2")
    assert config.log_level == "DEBUG"
    (warning,) = config.warnings()
    assert "conda_env" in warning
    assert "use_gpu" in warning


def test_addresses_of_alerts_and_names_of_metrics_files_are_looked_at_and_never_repeated(tmp_path: Path) -> None:
    for text, said in (
        ("alerts: {webhook_url: 'ftp://user:secret@host'}", "http://"),
        ("alerts: {urls: [secret]}", "number 1 is no address"),
        ("metrics: {textfile: secret.txt}", "end in .prom"),
    ):
        with pytest.raises(ConfigError) as caught:
            load(tmp_path, text)
        assert said in str(caught.value)
        assert "secret" not in str(caught.value)
    config = load(tmp_path, "metrics: {textfile: ../books.prom}\nalerts: {urls: ['json://localhost']}\n")
    assert config.metrics.textfile == tmp_path / "../books.prom"
    assert config.warnings() == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("input_dir: in\nmax_worker: 3\n", ["line 2", "max_worker", "max_workers"]),
        ("tts:\n  engine: espeak\n  voce: de\n", ["line 3", "tts.voce", "voice"]),
        ("max_workers: 0\n", ["line 1", "max_workers", "greater than or equal to 1"]),
        ("max_workers: two\n", ["line 1", "max_workers"]),
        ("audio:\n  formats: [m4b, aiff]\n", ["line 2", "audio.formats"]),
        ("phases: [1, 2]\nphases_to_run: [1, 2, 3]\n", ["config.yaml", "phases and phases_to_run", "take one out"]),
        ("resume: false\nresume_enabled: true\n", ["config.yaml", "resume and resume_enabled", "take one out"]),
        ("phases_to_run: [1, 9]\n", ["line 1", "phases_to_run", "no phase 9"]),
        ("audio:\n  pauses:\n    head_s: .nan\n", ["line 3", "head_s"]),
        ("max_workers: 1\nmax_workers: 2\n", ["line 2", "max_workers"]),
        ("tts:\n  fallback: 5\n", ["line 2", "tts.fallback"]),
        ("tts:\n  fallback: [de, '']\n", ["line 2", "tts.fallback"]),
        ("- a\n- b\n", ["config.yaml"]),
        ("a: [1\n", ["config.yaml", "line"]),
        ('input_dir: "a\\0b"\n', ["line 1", "input_dir", "NUL"]),
    ],
)
def test_a_wrong_configuration_names_file_line_key_and_nearest_key(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    for part in ["config.yaml", *parts]:
        assert part in str(caught.value)


def test_a_default_configuration_that_is_a_link_to_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").symlink_to("nothing")
    with pytest.raises(ConfigError, match="No such file"):
        load_config(None)


def test_the_page_on_the_configuration_is_current() -> None:
    assert (CHECKOUT / "docs" / docs.PAGE).read_text(encoding="utf-8") == docs.configuration_page()


def test_a_voice_counts_as_chosen_only_where_the_user_has_set_one(tmp_path: Path) -> None:
    synthesis = next(phase for phase in PHASES if phase.name == "synthesis")
    assert settings_of(synthesis, load(tmp_path, "tts: {rate: 170}\n"))["voice_is_default"] is True
    assert settings_of(synthesis, load(tmp_path, "tts: {voice: en-us}\n"))["voice_is_default"] is False


def test_a_fallback_is_a_voice_or_a_list_of_them_and_part_of_what_synthesis_reads(tmp_path: Path) -> None:
    synthesis = next(phase for phase in PHASES if phase.name == "synthesis")

    def fallback(text: str) -> object:
        return settings_of(synthesis, load(tmp_path, text))["fallback"]

    assert fallback("tts: {rate: 170}\n") == []
    assert fallback("tts: {fallback: en-gb}\n") == ["en-gb"]
    assert fallback("tts: {fallback: [en-gb, de+f3]}\n") == ["en-gb", "de+f3"]


def test_a_phase_is_found_by_number_key_and_name() -> None:
    assert {phase_number(word) for word in (5.5, "5.5", "phase5_5", "Subtitles")} == {"5.5"}
    assert phase_number(1) == phase_number("1.0") == "1"
    with pytest.raises(ValueError, match="no phase True"):
        phase_number(True)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("retries: {limit: 0}\n", "retries.limit"),
        ("retries: {delay: -1}\n", "retries.delay"),
        ("retries: {synthesis: {factor: 0}}\n", "retries.synthesis.factor"),
        ("phase_timeout: 0\n", "phase_timeout"),
        ("limits: {stall_timeout: -5}\n", "limits.stall_timeout"),
        ("limits: {chunking: {memory_mb: 0}}\n", "limits.chunking.memory_mb"),
        ("limits: {min_free_mb: -1}\n", "limits.min_free_mb"),
    ],
)
def test_a_limit_below_its_least_value_is_an_error_that_names_it(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"line 1: {re.escape(key)}: "):
        load(tmp_path, text)
