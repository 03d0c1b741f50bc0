"""Measurements of the state engine, each a command: ``python -m benchmarks.state_commit`` and its neighbours."""
