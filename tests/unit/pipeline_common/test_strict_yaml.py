"""Configuration files: what is read, and the error for each way in which one can be wrong."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline_common import ConfigError, PipelineError, StateError
from pipeline_common.strict_yaml import load


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Oven(Section):
    mode: Literal["grill", "bake"] = "bake"
    racks: list[int] = []
    door: str = Field("left", alias="hinge")


class Kitchen(Section):
    cooks: int = Field(2, ge=1, strict=True)
    oven: Oven = Oven()
    ovens: dict[str, Oven] | list[int] = {}
    spare: Oven | None = None
    name: str = ""

    @field_validator("name")
    @classmethod
    def _spoken(cls, name: str) -> str:
        if name == "hell":
            raise ValueError("this name is taken; choose another")
        return name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kitchen.yaml"


def test_a_good_file_becomes_the_model(path: Path):
    path.write_text("cooks: 3\noven: {mode: grill, racks: [1, 2], hinge: right}\nname: &n Möhre\nspare:\n")
    kitchen = load(path, Kitchen)
    assert (kitchen.cooks, kitchen.oven.mode, kitchen.oven.racks, kitchen.oven.door) == (3, "grill", [1, 2], "right")
    assert kitchen.name == "Möhre"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "null", "\ufeffcooks: 2\n"])
def test_an_empty_file_gives_the_defaults(path: Path, text: str):
    path.write_text(text, encoding="utf-8")
    assert load(path, Kitchen) == Kitchen()


def test_an_alias_within_reason_is_read(path: Path):
    path.write_text("oven: &o {racks: [1]}\nspare: *o\n")
    assert load(path, Kitchen).spare == Kitchen().oven.model_copy(update={"racks": [1]})


WRONG = {
    "cook: 3": "line 1: cook is no known key; did you mean cooks?",
    "oven:\n  racks: []\n  mod: bake": "line 3: oven.mod is no known key; did you mean mode?",
    "oven:\n  hing: left": "line 2: oven.hing is no known key; did you mean hinge?",
    "ovens:\n  a:\n    rakcs: []": "line 3: ovens.a.rakcs is no known key; did you mean racks?",
    "spare:\n  mdoe: bake": "line 2: spare.mdoe is no known key; did you mean mode?",
    "zzz: 1": "line 1: zzz is no known key; known here: cooks, name, oven, ovens, spare",
    "\n\ncooks: many": "line 3: cooks: Input should be a valid integer, found 'many'",
    "cooks: true": "line 1: cooks: Input should be a valid integer, found True",
    "cooks: 0": "line 1: cooks: Input should be greater than or equal to 1, found 0",
    "oven:\n  racks: 1": "line 2: oven.racks: expected a list, such as [a, b], found 1",
    "oven:\n  mode: boil": "line 2: oven.mode: Input should be 'grill' or 'bake', found 'boil'",
    "oven:\n  racks:\n    - 1\n    - two": "line 4: oven.racks[1]: Input should be a valid integer",
    "oven:": "line 1: oven: expected `key: value` lines below it, found None",
    "name: hell": "line 1: name: this name is taken; choose another",
    "cooks: 1\nname: a\ncooks: 2": "line 3: cooks stands here again, first on line 1",
    "oven: {mode: bake, mode: bake}": "line 1: oven.mode stands here again",
    "- 1": "line 1: expected `key: value` lines, found [1]",
    "just words": "line 1: expected `key: value` lines, found 'just words'",
    "cooks: [1": "line 1: not valid YAML",
    "cooks: 1\n\toven: 2": "line 2: not valid YAML: found character '\\t'",
    "cooks: 1\n---\ncooks: 2": "line 2: not valid YAML",
    "a: *b": "line 1: not valid YAML: found undefined alias",
    "5.5: 1": "line 1: keys are words, and '5.5' is not; put it in quotation marks",
    "oven:\n  on: 1": "line 2: keys are words, and 'on' is not",
    "? [a]\n: 1": "line 1: a key is a list or a mapping; keys are words",
    "name: 2001-02-31": "line 1: name: '2001-02-31' is not what it looks like",
    "oven:\n  <<: {mode: bake}": "line 2: merge keys (`<<`) are not supported",
    "cooks: !!python/object/apply:os.system [x]": "line 1: the tag",
    "cooks: !!python/name:os.system x": "line 1: not valid YAML: could not determine a constructor",
    "name: a\0b": "not valid YAML",
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items(), ids=range(len(WRONG)))
def test_an_error_names_file_line_and_key(path: Path, text: str, expected: str):
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, Kitchen)
    assert str(caught.value).startswith(f"{path}, line ")
    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1 or "not valid YAML" in expected


def test_several_errors_are_told_one_a_line_in_the_order_of_the_file(path: Path):
    path.write_text("oven:\n  mode: boil\ncook: 1\ncooks: x\n")
    with pytest.raises(ConfigError) as caught:
        load(path, Kitchen)
    assert [line.split(": ")[0].rsplit(" ", 1)[1] for line in str(caught.value).splitlines()] == ["2", "3", "4"]


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LAUGHS, "too many values once its aliases are expanded"),
        ("a: &a [*a]", "too many values once its aliases are expanded"),
        ("a: " + "[" * 100_000, "nested more than 32 levels deep"),
        ("a: " + "{a: " * 40, "nested more than 32 levels deep"),
        ("x" * (1 << 21), "at most 1048576 bytes"),
    ],
    ids=["laughs", "itself", "lists", "mappings", "size"],
)
def test_hostile_files_are_refused(path: Path, text: str, expected: str):
    path.write_text(text)
    with pytest.raises(ConfigError, match=expected):
        load(path, Kitchen)


def test_a_file_that_is_no_utf8_is_told_with_its_line(path: Path):
    path.write_bytes(b"cooks: 1\nname: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"line 2: byte 18 is not UTF-8"):
        load(path, Kitchen)


def test_a_missing_file_and_a_folder_are_told(path: Path, tmp_path: Path):
    with pytest.raises(ConfigError, match="No such file"):
        load(path, Kitchen)
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path, Kitchen)


def test_a_configuration_error_is_no_error_of_the_state():
    assert issubclass(ConfigError, PipelineError)
    assert not issubclass(ConfigError, StateError)
