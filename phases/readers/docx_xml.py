"""What the elements of Word's files say, whatever the prefix of their namespace."""

from __future__ import annotations

from typing import Any


def value(element: Any, name: str) -> str:
    """An attribute by its local name; "" where there is none."""
    for key, said in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(said)
    return ""


def child_value(element: Any, name: str) -> str:
    """What the first child of that name holds; "" where there is none."""
    child = element.find(f"{{*}}{name}")
    return "" if child is None else value(child, "val")
