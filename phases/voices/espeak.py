"""eSpeak NG through ctypes: the library and the data inside the ``espeakng-loader`` wheel.

The library keeps state between calls, so that the audio of a text depends on what was said before it. Whoever needs
the same bytes for the same text asks for the voice again before each (`Espeak.voice`), which loads the library anew.
It must never be used from two threads.
"""

from __future__ import annotations

import _ctypes
import ctypes
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import espeakng_loader

from phases.ipa import SOUNDS, signs
from phases.voices import Engine, Speech, VoiceError
from phases.voices.espeak_text import speakable, transcribed, word_times
from phases.voices.languages import choose_voice

# speak_lib.h of eSpeak NG 1.52
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_PHONEMES = 0x100  # espeakPHONEMES: [[…]] is phonemes; only what a lexicon says is ever given so
_TRACE_IPA = 2
_TRACE_RULES = 8  # espeakPHONEMES_TRACE
_CHARS_UTF8 = 1  # and neither espeakSSML nor espeakPHONEMES: the text is data
_POS_CHARACTER = 1
_EVENT_LIST_TERMINATED = 0
_EVENT_WORD = 1
_PARAMETER_RATE = 1
_PARAMETER_PITCH = 3
_BUFFER_MS = 1000
# N_PATH_HOME is 160: espeak_Initialize fails on a longer data path.
_LONGEST_DATA_PATH = 120


class EspeakError(VoiceError):
    """The library refused a call; the message names it and its answer."""


@dataclass(frozen=True, slots=True)
class VoiceEntry:
    """A voice that the data holds.

    Attributes:
        name: such as ``English (America)``.
        identifier: such as ``gmw/en-US``.
        languages: rows ``(priority, tag)``, the tags in lower case; a lower priority fits better.
    """

    name: str
    identifier: str
    languages: tuple[tuple[int, str], ...]


class _Identifier(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identifier),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def open_engine() -> Engine:
    """Load the library, as `phases.voices.open_engine` wants it."""
    return Espeak()


class Espeak:
    """The loaded library with its data, as `phases.voices.Engine`; one a process.

    Raises:
        EspeakError: the library does not start with its data.
        OSError: the library cannot be loaded.
    """

    def __init__(self) -> None:
        data = Path(espeakng_loader.get_data_path())
        self._folder = tempfile.TemporaryDirectory(prefix="espeak-")
        self._data = _linked(data, Path(self._folder.name))
        self._quick_data = _quick(data, Path(self._folder.name))
        self._pcm = bytearray()
        self._starts: list[tuple[int, int]] = []
        self._files = _c_files()
        self._callback = _Callback(self._receive)  # kept: the library holds only its address
        self._load(self._data)

    def _load(self, data: Path) -> None:
        self._library = _loaded()
        self.sample_rate: int = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MS, os.fsencode(data), _INITIALIZE_DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise EspeakError(f"eSpeak NG does not start with its data in {data} (answer {self.sample_rate})")
        self._library.espeak_SetSynthCallback(self._callback)

    def _unload(self) -> None:
        # What stays of a voice would change what the next one of this process speaks.
        self._library.espeak_Terminate()
        _ctypes.dlclose(self._library._handle)

    def voices(self, kind: str | None = None) -> list[VoiceEntry]:
        """The voices of the data, or with ``variant`` the changes of timbre that can be put after a ``+``."""
        wanted = None
        if kind is not None:
            tag = ctypes.create_string_buffer(kind.encode() + b"\0")
            wanted = ctypes.byref(_Voice(languages=ctypes.addressof(tag)))
        rows = self._library.espeak_ListVoices(wanted)
        entries: list[VoiceEntry] = []
        while rows[len(entries)]:
            voice = rows[len(entries)].contents
            entries.append(
                VoiceEntry(voice.name.decode(), voice.identifier.decode(), tuple(_languages(voice.languages)))
            )
        return entries

    def choose(self, language: str | None, setting: str, *, is_default: bool, key: str) -> str:
        """The identifier of the voice for a text, as `phases.voices.Engine` says."""
        return choose_voice(language, setting, self.voices(), self.voices("variant"), is_default=is_default, key=key)

    def voice(self, identifier: str, settings: Mapping[str, Any]) -> EspeakVoice:
        """A voice with its settings, of a library that is loaded again, which takes a tenth of a short sentence."""
        self._unload()
        self._load(self._data if "+" in identifier else self._quick_data)
        return EspeakVoice(self, identifier, settings["rate"], settings["pitch"])

    def select(self, voice: str, rate: int, pitch: int) -> None:
        """Load a voice.

        Raises:
            EspeakError: the library refused the voice.
        """
        self._check("espeak_SetVoiceByName", self._library.espeak_SetVoiceByName(voice.encode()))
        self._check("espeak_SetParameter", self._library.espeak_SetParameter(_PARAMETER_RATE, rate, 0))
        self._check("espeak_SetParameter", self._library.espeak_SetParameter(_PARAMETER_PITCH, pitch, 0))

    def speak(
        self, text: str, phonemes: Sequence[tuple[int, int, str]] = (), *, voice: str, rate: int, pitch: int
    ) -> Speech:
        """Speak `text` as data.

        Args:
            text: any text; what cannot be spoken counts as a space.
            phonemes: rows (from, to, IPA) of a lexicon.
            voice: a voice's identifier, with ``+`` and a variant where one is wanted.
            rate: words a minute.
            pitch: 0 to 99, 50 is the voice's own.

        Raises:
            EspeakError: the library refused the voice or the text.
        """
        self.select(voice, rate, pitch)
        clean = speakable(text)
        if not phonemes:
            self._synthesise(clean, _CHARS_UTF8)
            return Speech(bytes(self._pcm), word_times(clean, self._starts, self.sample_rate))
        told = transcribed(clean, [(since, until, self._mnemonics(ipa)) for since, until, ipa in phonemes])
        self._synthesise(told.text, _CHARS_UTF8 | _PHONEMES)
        starts = [(told.offset(offset), sample) for offset, sample in self._starts]
        return Speech(bytes(self._pcm), word_times(clean, starts, self.sample_rate))

    def _synthesise(self, text: str, flags: int) -> None:
        self._pcm, self._starts = bytearray(), []
        data = text.encode() + b"\0"
        self._check(
            "espeak_Synth", self._library.espeak_Synth(data, len(data), 0, _POS_CHARACTER, 0, flags, None, None)
        )
        self._check("espeak_Synchronize", self._library.espeak_Synchronize())

    def _mnemonics(self, ipa: str) -> str:
        """A transcription as the current voice's own phonemes."""
        try:
            return "".join(self._mnemonic(sign) for sign in signs(ipa))
        except ValueError as error:
            raise EspeakError(f"the lexicon's transcription {ipa!r} cannot be spoken: {error}") from error

    def _mnemonic(self, sign: str) -> str:
        candidates = SOUNDS[sign]
        if len(candidates) == 1:
            return candidates[0]
        for mnemonic in candidates:  # a voice says nothing for a phoneme that it does not have
            if self.traced(f"[[{mnemonic}]]", _TRACE_IPA, _CHARS_UTF8 | _PHONEMES).strip():
                return mnemonic
        return candidates[-1]

    def traced(self, text: str, mode: int, flags: int = _CHARS_UTF8) -> str:
        """What the library tells while it speaks `text`.

        Args:
            text: speakable.
            mode: of ``espeak_SetPhonemeTrace``.
            flags: of ``espeak_Synth``.
        """
        return self._told(mode, lambda: self._synthesise(text, flags))

    def looked_up(self, text: str) -> str:
        """What the library tells of the words that it finds in its dictionary, and of those that it does not.

        Args:
            text: speakable; nothing is spoken.
        """
        data = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(data))

        def clauses() -> None:
            while rest.value:
                self._library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, 0)

        return self._told(_TRACE_RULES, clauses)

    def _told(self, mode: int, act: Callable[[], None]) -> str:
        with tempfile.NamedTemporaryFile(prefix="espeak-") as file:
            stream = self._files.fopen(os.fsencode(file.name), b"w")
            self._library.espeak_SetPhonemeTrace(mode, stream)
            try:
                act()
            finally:
                self._library.espeak_SetPhonemeTrace(0, None)
                self._files.fclose(stream)
            return file.read().decode(errors="replace")

    def close(self) -> None:
        """Unload the library, and take away the links to its data."""
        self._unload()
        self._folder.cleanup()

    def _receive(self, samples: object, count: int, events: ctypes.Array[_Event]) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, 2 * count)  # type: ignore[arg-type]
        index = 0
        while events[index].type != _EVENT_LIST_TERMINATED:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._starts.append((event.text_position - 1, event.sample))
            index += 1
        return 0

    @staticmethod
    def _check(call: str, answer: int) -> None:
        if answer:
            raise EspeakError(f"eSpeak NG: {call} answered {answer}")


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """One eSpeak voice with its settings, as `phases.voices.Voice`.

    Attributes:
        engine: the loaded library.
        identifier: the voice.
        rate: words a minute.
        pitch: 0 to 99.
    """

    engine: Espeak
    identifier: str
    rate: int
    pitch: int

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return self.engine.sample_rate

    def speak(self, text: str, phonemes: Sequence[tuple[int, int, str]] = ()) -> Speech:
        """Speak `text` as data."""
        return self.engine.speak(text, phonemes=phonemes, voice=self.identifier, rate=self.rate, pitch=self.pitch)


def _c_files() -> ctypes.CDLL:
    library = ctypes.CDLL(None)
    library.fopen.restype = ctypes.c_void_p
    library.fopen.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    library.fclose.argtypes = [ctypes.c_void_p]
    return library


def _loaded() -> ctypes.CDLL:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetSynthCallback.argtypes = [_Callback]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
    library.espeak_SetPhonemeTrace.argtypes = [ctypes.c_int, ctypes.c_void_p]
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    library.espeak_ListVoices.argtypes = [ctypes.c_void_p]
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.POINTER(ctypes.c_uint),
        ctypes.c_void_p,
    ]
    return library


def _linked(data: Path, folder: Path) -> Path:
    """The data under a short path."""
    if len(os.fsencode(data)) <= _LONGEST_DATA_PATH:
        return data
    link = folder / "espeak-ng-data"
    link.symlink_to(data, target_is_directory=True)
    return link


def _quick(data: Path, folder: Path) -> Path:
    """The data in a form in which a voice is found at once.

    The library looks for the file of a voice by its name in lower case. Where it has another one (``gmw/en-US``), it
    reads the files of all 141 voices. So each such file gets a second name. A variant of a voice (``gmw/en-US+f3``)
    sounds otherwise when it is found so, and is not to be looked for here.
    """
    quick = folder / "quick"
    (quick / "voices").mkdir(parents=True)
    for entry in data.iterdir():
        if entry.name != "voices":
            (quick / entry.name).symlink_to(entry)
    for entry in (data / "voices").iterdir():
        (quick / "voices" / entry.name).symlink_to(entry)
    for entry in (data / "lang").glob("*/*[A-Z]*"):
        family = quick / "voices" / entry.parent.name
        family.mkdir(exist_ok=True)
        (family / entry.name.lower()).symlink_to(entry)
    return quick


def _languages(address: int) -> Iterable[tuple[int, str]]:
    # A list of (priority byte, name, NUL), closed by a NUL.
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        yield priority, tag.decode().lower()
        address += len(tag) + 2
