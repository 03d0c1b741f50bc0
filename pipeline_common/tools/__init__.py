# SPDX-License-Identifier: MIT
"""The commands of ``pipeline-state``: they look at a state file, and change it in transactions."""
