# SPDX-License-Identifier: MIT
"""One document: transactional, locked, with history; and the life cycle of an audiobook as data."""
