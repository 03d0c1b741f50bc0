"""The phases of a book: each takes one plan and gives one result.

Rule: nothing here imports ``batch``, ``orchestrator`` or ``pipeline_common``, so any phase can run in an environment
of its own, and nothing here opens a state file.
"""
