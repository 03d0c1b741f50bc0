"""``python -m batch`` is ``batch-audiobook``."""

import sys

from batch.cli import main

if __name__ == "__main__":
    sys.exit(main())
