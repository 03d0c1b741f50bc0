"""Who makes mp3 and m4b of the same texts: this project, the shell of a skilled user, and the floor beneath both."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import espeakng_loader

from benchmarks import plain_voice
from phases.audio.encoding import Encoder, find_encoder

BIT_RATE_KBPS = 64
WORDS_A_MINUTE = 160
_TOGETHER = 2
_RATE, _CODED_RATE = 22_050, 44_100
_VOICE, _VOICE_FILE = "en-us", "gmw/en-US"
_TEXTS = "input"
_DATA = "espeak-ng-data"  # a link: eSpeak takes no long path

_ONE_BOOK = """#!/bin/sh
set -eu
title=$(basename "$1" .txt)
"""

_MASTER = """ffmpeg="{ffmpeg}"
{speak}
target=I=-19:TP=-3:LRA=11
"$ffmpeg" -hide_banner -nostats -nostdin {wave} -i "$title.wav" \\
  -af loudnorm=$target:print_format=json -f null - 2> "$title.log"
of() {{ sed -n "s/.*\\"$1\\" : \\"\\(.*\\)\\".*/\\1/p" "$title.log"; }}
measured=measured_I=$(of input_i):measured_TP=$(of input_tp)
measured=$measured:measured_LRA=$(of input_lra):measured_thresh=$(of input_thresh)
"$ffmpeg" -hide_banner -v error -nostdin -y {wave} -i "$title.wav" \\
  -filter_complex "loudnorm=$target:$measured:offset=$(of target_offset):linear=true,aresample={rate},asplit[a][b]" \\
  -map "[a]" -c:a libmp3lame -b:a {kbps}k -metadata title="$title" "$title.mp3" \\
  -map "[b]" -c:a aac -b:a {kbps}k -metadata title="$title" "$title.m4b"
rm "$title.wav"
"""
"""What manuals of ffmpeg advise: measure, then bring to the target with what was measured, then encode both."""


class Maker(ABC):
    """One way to make audiobooks of the texts in a folder.

    Attributes:
        name: as it is printed.
    """

    name: ClassVar[str]

    def prepare(self, folder: Path, texts: Mapping[str, str]) -> None:
        """Write the texts, by title, and what the command needs; the folder is empty."""
        (folder / _TEXTS).mkdir()
        for title, text in texts.items():
            (folder / _TEXTS / f"{title}.txt").write_text(text, encoding="utf-8")

    @abstractmethod
    def command(self) -> list[str]:
        """What makes them, started in the folder."""

    @abstractmethod
    def about(self) -> str:
        """The programs, coders and bit rates."""

    @abstractmethod
    def files(self, folder: Path) -> list[Path]:
        """What it has made."""


class _Script(Maker):
    """A shell script a book, two books at a time."""

    def prepare(self, folder: Path, texts: Mapping[str, str]) -> None:
        """Texts, their list, the script, and the data of the voice."""
        super().prepare(folder, texts)
        (folder / "list").write_text("".join(f"{_TEXTS}/{title}.txt\0" for title in texts))
        (folder / "one.sh").write_text(_ONE_BOOK + self._script())
        (folder / _DATA).symlink_to(espeakng_loader.get_data_path())

    def command(self) -> list[str]:
        """By xargs."""
        return ["xargs", "-0", "-a", "list", "-n1", f"-P{_TOGETHER}", "sh", "one.sh"]

    def files(self, folder: Path) -> list[Path]:
        """Beside the script."""
        return [path for path in sorted(folder.iterdir()) if path.suffix in (".m4b", ".mp3", ".aac")]

    @abstractmethod
    def _script(self) -> str:
        """What is done with the text in ``$1``, whose title is ``$title``."""


class Shell(_Script):
    """espeak-ng, loudnorm in two passes, and both encoders in one ffmpeg: of the system, or else of the wheels."""

    name = "shell"

    def __init__(self) -> None:
        self._ffmpeg = shutil.which("ffmpeg") or find_encoder()
        self._voice = shutil.which("espeak-ng")

    def about(self) -> str:
        """Which programs of the system are there, and which are not."""
        lines = [
            f"{_version(self._ffmpeg)}, loudnorm twice, libmp3lame {BIT_RATE_KBPS}k, "
            f"aac (its default coder) {BIT_RATE_KBPS}k"
        ]
        lines.append(_version(self._voice) if self._voice else "espeak-ng IS NOT INSTALLED: the library of the wheel")
        if not shutil.which("ffmpeg"):
            lines[0] = f"ffmpeg IS NOT INSTALLED: the program of the wheel, {lines[0]}"
        return "; ".join(reversed(lines))

    def _script(self) -> str:
        if self._voice:
            speak, wave = f'espeak-ng -v {_VOICE} -s {WORDS_A_MINUTE} -f "$1" -w "$title.wav"', ""
        else:
            speak, wave = f'{_plain_voice()} "$1" > "$title.wav"', f"-f s16le -ar {_RATE} -ac 1"
        return _MASTER.format(ffmpeg=self._ffmpeg, speak=speak, wave=wave, rate=_CODED_RATE, kbps=BIT_RATE_KBPS)


class Floor(_Script):
    """The voice and both encoders as this project runs them, and nothing else."""

    name = "floor"

    def __init__(self) -> None:
        self._encoder = Encoder(find_encoder(), _RATE, _CODED_RATE, BIT_RATE_KBPS, {"aac": 0.0, "mp3": 0.0})

    def about(self) -> str:
        """The encoder's version and options."""
        return f"eSpeak NG of the wheel; {_coders(self._encoder.program)}"

    def _script(self) -> str:
        outputs = {"aac": Path("TITLE.aac"), "mp3": Path("TITLE.mp3")}
        command = shlex.join(self._encoder.command(outputs)).replace("TITLE", '"$title"')
        return f'{_plain_voice()} "$1" | {command}\n'


class Project(Maker):
    """This project: the installed command, state and all."""

    name = "this project"

    def prepare(self, folder: Path, texts: Mapping[str, str]) -> None:
        """Texts, and a configuration: files as the others make them, and no waiting for what else the machine does."""
        super().prepare(folder, texts)
        config = {
            "tts": {"voice": _VOICE, "rate": WORDS_A_MINUTE},
            "audio": {"formats": ["m4b", "mp3"], "bitrate_kbps": BIT_RATE_KBPS},
            "subtitles": {"enabled": False},
            "max_workers": _TOGETHER,
            "cpu_threshold": 100,
        }
        (folder / "config.yaml").write_text(json.dumps(config))

    def command(self) -> list[str]:
        """The one that installing has put beside the interpreter."""
        return [str(Path(sys.executable).with_name("batch-audiobook"))]

    def about(self) -> str:
        """The same encoder."""
        return f"batch-audiobook; eSpeak NG of the wheel; {_coders(find_encoder())}; mastered, tagged, verified"

    def files(self, folder: Path) -> list[Path]:
        """In the output folder."""
        return [path for path in sorted((folder / "output").rglob("*")) if path.suffix in (".m4b", ".mp3")]

    def verification_cpu_s(self, folder: Path) -> float:
        """What the phase that makes the files has noted of the time that it took to decode and measure them."""
        records = json.loads((folder / "pipeline.json").read_text())["phase5"]["files"].values()
        return sum(float(record["metrics"]["verification_cpu_s"]) for record in records)


def _coders(ffmpeg: str) -> str:
    return f"{_version(ffmpeg)}, libmp3lame {BIT_RATE_KBPS}k, aac (-aac_coder fast) {BIT_RATE_KBPS}k"


def _version(program: str) -> str:
    said = subprocess.run([program, "-version" if "ffmpeg" in program else "--version"], capture_output=True, text=True)
    return " ".join(said.stdout.split()[:3]) if "ffmpeg" in program else said.stdout.split("  ")[0].strip()


def _plain_voice() -> str:
    library = espeakng_loader.get_library_path()
    program = [sys.executable, "-I", "-S", str(plain_voice.__file__), library]
    return shlex.join([*program, _DATA, _VOICE_FILE, str(WORDS_A_MINUTE)])
