"""The document as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_common.codec import MAX_DEPTH, DamagedError, copied, decode, encode, plain
from pipeline_common.errors import StateValidationError

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()))
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
DOCUMENTS = st.dictionaries(st.text().filter(lambda key: key != "_state"), VALUES, max_size=5)


@given(DOCUMENTS, st.integers(1, 10**9))
def test_what_is_encoded_is_indented_json_and_is_decoded_as_the_same(document: dict, revision: int):
    raw = encode(document, revision)
    whole = {"_state": {"revision": revision}, **document}
    text = raw.decode("utf-8")
    assert text in (json.dumps(whole, indent=2, ensure_ascii=ascii_only) + "\n" for ascii_only in (False, True))
    assert decode(raw) == (document, revision)


@given(DOCUMENTS)
def test_copies_are_equal_and_share_nothing(document: dict):
    for copy in (copied(document), plain(document)):
        assert copy == document
        assert all(a is not b for a, b in zip(containers(copy), containers(document), strict=True))


def containers(value: object) -> list:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [value] if isinstance(value, dict | list) else []
    return own + [inner for child in children for inner in containers(child)]


def nested(levels: int) -> dict:
    value: dict = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def test_what_may_be_written_may_be_read_and_no_more_levels():
    deepest = plain(nested(MAX_DEPTH))
    assert decode(encode(deepest, 1)) == (deepest, 1)
    with pytest.raises(StateValidationError, match="levels deep"):
        plain(nested(MAX_DEPTH + 1))
    with pytest.raises(DamagedError, match="nested too deeply"):
        decode(encode(nested(MAX_DEPTH + 1), 1))


@pytest.mark.parametrize("own", ["{}", "[]", "3", '{"revision": -1}', '{"revision": "7"}', '{"revision": null}'])
def test_a_section_of_the_engine_that_somebody_has_edited_counts_as_revision_0(own: str):
    assert decode(f'{{"_state": {own}, "x": 1}}'.encode()) == ({"x": 1}, 0)
