"""Which eSpeak voice speaks a text: by the user's setting, otherwise by the language."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from phases.contract import PermanentError

if TYPE_CHECKING:
    from phases.voices.espeak import VoiceEntry

_UNKNOWN = frozenset({"", "und", "mul", "zxx", "mis"})

# Books also name languages by ISO 639-2 (both its codes) or by codes that were replaced.
_SAME_LANGUAGE = {
    "eng": "en", "fre": "fr", "fra": "fr", "ger": "de", "deu": "de", "spa": "es", "ita": "it", "por": "pt",
    "dut": "nl", "nld": "nl", "dan": "da", "swe": "sv", "nor": "no", "nob": "nb", "nn": "no", "nno": "no",
    "fin": "fi", "ice": "is", "isl": "is", "pol": "pl", "cze": "cs", "ces": "cs", "slo": "sk", "slk": "sk",
    "hun": "hu", "rum": "ro", "ron": "ro", "gre": "el", "ell": "el", "rus": "ru", "ukr": "uk", "bul": "bg",
    "tur": "tr", "ara": "ar", "heb": "he", "per": "fa", "fas": "fa", "hin": "hi", "jpn": "ja", "kor": "ko",
    "chi": "zh", "zho": "zh", "lat": "la", "cat": "ca", "epo": "eo", "gle": "ga", "wel": "cy", "cym": "cy",
    "iw": "he", "in": "id", "mo": "ro", "sh": "hbs",
}  # fmt: skip


def choose_voice(
    language: str | None,
    setting: str,
    voices: Sequence[VoiceEntry],
    variants: Sequence[VoiceEntry],
    *,
    is_default: bool,
    key: str = "tts.voice",
) -> str:
    """The identifier of the voice for a text.

    Args:
        language: the text's BCP 47 tag; None where it is not known.
        setting: the voice of the configuration: an identifier, a name or a language, with ``+variant`` if wanted.
        voices: the voices that there are.
        variants: the variants that there are.
        is_default: the user has not set the voice, so it is for English and unknown languages only.
        key: where in the configuration the voice is set.

    Raises:
        PermanentError: there is no voice for the language (``no_voice``), or none of that name (``unknown_voice``).
    """
    tag = (language or "").strip().lower().replace("_", "-")
    primary, _, region = tag.partition("-")
    primary = _SAME_LANGUAGE.get(primary, primary)
    if not is_default or primary in _UNKNOWN or primary == "en":
        return _named(setting, voices, variants, key)
    parts = [primary, *region.split("-")] if region else [primary]
    for length in range(len(parts), 0, -1):
        found = _spoken_by("-".join(parts[:length]), voices)
        if found:
            return found
    raise PermanentError(
        f"There is no voice for the language {language!r} of this book. Set tts.voice in config.yaml to the voice that "
        "shall read it (the codes of languages near to it are voices too, such as en-us, de or fr).",
        error_type="no_voice",
    )


def _spoken_by(tag: str, voices: Sequence[VoiceEntry]) -> str | None:
    fits = [
        (priority, len(voice.identifier), voice.identifier)
        for voice in voices
        for priority, spoken in voice.languages
        if spoken == tag
    ]
    return min(fits)[2] if fits else None


def _named(setting: str, voices: Sequence[VoiceEntry], variants: Sequence[VoiceEntry], key: str) -> str:
    base, plus, variant = setting.partition("+")
    wanted = base.strip().lower()
    identifier = next(
        (voice.identifier for voice in voices if wanted in (voice.identifier.lower(), voice.name.strip().lower())),
        None,
    ) or _spoken_by(wanted, voices)
    if identifier is None:
        known = {tag for voice in voices for _, tag in voice.languages} | {voice.name.strip() for voice in voices}
        raise PermanentError(_unknown("voice", base, known, key), error_type="unknown_voice")
    if not plus:
        return identifier
    names = {entry.identifier.removeprefix("!v/"): entry.name for entry in variants}
    for file_name, name in names.items():
        if variant.strip().lower() in (file_name.lower(), name.lower()):
            return f"{identifier}+{file_name}"
    raise PermanentError(_unknown("variant of a voice", variant, set(names), key), error_type="unknown_voice")


def _unknown(kind: str, name: str, known: set[str], key: str) -> str:
    lowered = {entry.lower(): entry for entry in sorted(known)}
    near = [lowered[match] for match in difflib.get_close_matches(name.strip().lower(), lowered, n=4, cutoff=0.4)]
    nearest = f" The nearest names are {', '.join(near)}." if near else ""
    return f"There is no {kind} called {name!r}.{nearest} Correct {key} in config.yaml."
