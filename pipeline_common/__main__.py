# SPDX-License-Identifier: MIT
"""``python -m pipeline_common`` is ``pipeline-state``."""

import sys

from pipeline_common.cli import main

if __name__ == "__main__":
    sys.exit(main())
