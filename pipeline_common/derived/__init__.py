# SPDX-License-Identifier: MIT
"""Views that are derived from a document and its commits, for other tools; made anew at any time, and never a source.

Nothing that commits knows of them: they read what is on the disk, like any other reader.
"""
