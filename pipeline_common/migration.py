# SPDX-License-Identifier: MIT
"""The steps from one version of an audiobook's document to the next, one function each.

A step sees the document alone, changes it in place, and changes nothing where it has been made already: until the next
commit it is made at each load. The engine makes the missing ones in order, and keeps a backup of the file as it was.
"""

from __future__ import annotations

from typing import Any

from pipeline_common.codec import Document


def to_version_2(document: Document) -> None:
    """Remove the ``batch`` section of the first version, whose records had another meaning; the next batch writes one.

    Records that are named after files stay: which book each is about only those can say who have looked into the
    folder of books (`pipeline_common.first_version`). Names of statuses are synonyms of today's, in any version.
    """
    if _is_of_the_first_version(document.get("batch")):
        del document["batch"]


def _is_of_the_first_version(batch: Any) -> bool:
    files = batch.get("files") if isinstance(batch, dict) else None
    return isinstance(files, dict) and any(
        isinstance(record, dict) and "phases_completed" in record for record in files.values()
    )
