"""Checks on a take, which is a chunk as a voice has just spoken it: what is not speech never becomes a file.

The bounds are generous: what lies beyond them is a voice that has failed. They rest on 3,200 takes of eSpeak NG 1.52:
prose by all its 141 voices and by its 104 variants at pitch 0, 50 and 99; and by 10 voices at 80, 160 and 450 words a
minute 110 texts that are hard on a voice, such as dates, addresses, abbreviations, letters repeated hundreds of times,
and scripts and symbols that a voice does not know and reads out by name.
"""

from __future__ import annotations

from phases.voices import Speech, VoiceError

_FULL_SCALE = 32767

# -60 dBFS. The quietest take that can be heard peaks at 5951, -15 dBFS. Voices whose dictionary is missing give zeros.
_SILENT_PEAK = 33

# The most that any take had is 0.02 %. Raised by 9.5 dB, ordinary speech has 1.3 %, by 12 dB 2.9 %.
_CLIPPED_SHARE = 0.01
# At least so many samples are looked at, spread evenly over a take: all of them would take half as long as speaking.
_SAMPLED = 1024

# Durations are at 160 words a minute and go with the rate. Here letters alone count, and the first few of a long run,
# because eSpeak cuts such runs off: 0.045 s a letter is the least for a text that it does not cut.
_NORMAL_RATE = 160
_SHORTEST_S_PER_LETTER = 0.01
_LETTERS_PER_RUN = 20
# The most is 0.65 s for one Latin letter and 0.56 s a character of a date; 2.4 s for a letter that is read out by name,
# with its number, because the voice does not know the script.
_LONGEST_S = 5.0
_LONGEST_S_PER_LATIN = 0.6
_LONGEST_S_PER_OTHER = 4.0
_LATIN_END = "\u0250"


class BadTakeError(VoiceError):
    """A take that is not the text's speech.

    Attributes:
        check: the check that it failed: ``no_sound``, ``clipped``, ``too_short``, ``too_long`` or ``not_finite``.
    """

    def __init__(self, check: str, message: str) -> None:
        super().__init__(message)
        self.check = check


def checked_pcm(speech: Speech, text: str, *, sample_rate: int, rate: int) -> bytes:
    """The samples of a take that passes all checks, signed 16-bit little-endian.

    Args:
        speech: the take.
        text: what was to be spoken.
        sample_rate: samples a second.
        rate: words a minute.

    Raises:
        BadTakeError: it fails a check; the message has the numbers.
    """
    pcm = _pcm_of_floats(speech.pcm) if speech.is_float else speech.pcm
    samples = memoryview(pcm).cast("h")
    sampled = samples[:: max(1, len(samples) // _SAMPLED)]
    peak = _peak(sampled)
    if peak < _SILENT_PEAK and any(character.isalnum() for character in text):
        _check_sound(samples)
    if peak >= _FULL_SCALE:
        _check_clipping(sampled)
    _check_duration(len(samples) / sample_rate, text, rate)
    return pcm


def shortest_s(text: str, rate: int) -> float:
    """The shortest time that `text` may take at a rate in words a minute."""
    runs = (len(run) if run.isalpha() else sum(map(str.isalpha, run)) for run in text.split())
    letters = sum(min(letters, _LETTERS_PER_RUN) for letters in runs)
    return _SHORTEST_S_PER_LETTER * letters * _NORMAL_RATE / rate


def longest_s(text: str, rate: int) -> float:
    """The longest time that `text` may take at a rate in words a minute."""
    latin = len(text) if text.isascii() else sum(character < _LATIN_END for character in text)
    spoken_s = _LONGEST_S_PER_LATIN * latin + _LONGEST_S_PER_OTHER * (len(text) - latin)
    return (_LONGEST_S + spoken_s) * _NORMAL_RATE / rate


def _check_sound(samples: memoryview[int]) -> None:
    peak = _peak(samples)
    if peak < _SILENT_PEAK:
        raise BadTakeError("no_sound", f"it gives no sound: none of {len(samples)} samples is over {peak} of 32767")


def _peak(samples: memoryview[int]) -> int:
    return max(max(samples), -min(samples)) if len(samples) else 0


def _check_clipping(sampled: memoryview[int]) -> None:
    share = sum(abs(sample) >= _FULL_SCALE for sample in sampled) / len(sampled)
    if share > _CLIPPED_SHARE:
        raise BadTakeError(
            "clipped", f"{share:.1%} of its samples are at full scale, and at most {_CLIPPED_SHARE:.0%} may be"
        )


def _check_duration(duration_s: float, text: str, rate: int) -> None:
    least_s, most_s = shortest_s(text, rate), longest_s(text, rate)
    facts = f"it lasts {duration_s:.2f} s for {len(text)} characters"
    if duration_s < least_s:
        raise BadTakeError("too_short", f"{facts}, and {least_s:.2f} s is the least")
    if duration_s > most_s:
        raise BadTakeError("too_long", f"{facts}, and {most_s:.2f} s is the most")


def _pcm_of_floats(data: bytes) -> bytes:
    import numpy as np  # who gives floats has imported it anyway

    from phases.audio.mastering import to_pcm

    samples = np.frombuffer(data, "<f4")
    strange = len(samples) - int(np.isfinite(samples).sum())
    if strange:
        raise BadTakeError("not_finite", f"{strange} of its {len(samples)} samples are no numbers (NaN or infinite)")
    return to_pcm(samples)
