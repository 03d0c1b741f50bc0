"""Speaks a text file with the eSpeak NG library of a wheel: the least that it takes; standard library only.

``python -I -S plain_voice.py LIBRARY DATA VOICE RATE TEXT`` writes 16-bit samples, mono, to the standard output.
"""

import ctypes
import sys

_SYNCHRONOUS, _DONT_EXIT, _UTF8, _CHARACTER, _RATE = 2, 0x8000, 1, 1, 1
_BUFFER_MS = 1000
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def main(library: str, data: str, voice: str, rate: str, text: str) -> None:
    """Speak the whole file in one call."""
    espeak = ctypes.CDLL(library)
    if espeak.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data.encode(), _DONT_EXIT) < 0:
        sys.exit(f"eSpeak NG does not start with the data in {data}")

    callback = _CALLBACK(_receive)  # kept: the library holds only its address
    espeak.espeak_SetSynthCallback(callback)
    espeak.espeak_SetVoiceByName(voice.encode())
    espeak.espeak_SetParameter(_RATE, int(rate), 0)
    with open(text, "rb") as file:
        words = file.read() + b"\0"
    espeak.espeak_Synth(words, ctypes.c_size_t(len(words)), 0, _CHARACTER, 0, _UTF8, None, None)
    espeak.espeak_Synchronize()
    sys.stdout.buffer.flush()


def _receive(samples: int, count: int, _events: int) -> int:
    if samples and count > 0:
        sys.stdout.buffer.write(ctypes.string_at(samples, 2 * count))
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
