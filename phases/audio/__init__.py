"""Sound: chunk files, the timeline, loudness, encoding, joining, tags and the check of what was made."""

import os

# The arrays are too small for a numerical library's threads, and cores are shared out by slots (phases/slots.py).
# It reads this once, when numpy is first imported; only modules of this package import numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
