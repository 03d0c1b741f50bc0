"""``batch-audiobook`` as it is, but for its phases, which only write files."""

from __future__ import annotations

from batch.__main__ import main

if __name__ == "__main__":
    main("benchmarks.writing_phase")
