"""The journal's bytes: every one truncated, every one flipped."""

import zlib

import pytest

from pipeline_common.journal import (
    HEADER_BYTES,
    JournalDamagedError,
    check_that_nothing_follows,
    encode_record,
    last_record,
    make_header,
    parse_header,
    scan,
)

BASE = 7


def journal(count: int, base: int = BASE) -> tuple[bytes, list[int]]:
    """A journal, and where each of its lines ends."""
    header = make_header(base, 300_000, 123)
    data, crc, ends = header.raw, header.crc, [HEADER_BYTES]
    for number in range(1, count + 1):
        line, crc = encode_record(base + number, 1.5, [["s", ["x"], number], ["d", ["é\udce9"]]], crc)
        data += line
        ends.append(len(data))
    return data, ends


def revisions(data: bytes, after: int = BASE) -> list[int]:
    header = parse_header(data)
    if header is None:
        check_that_nothing_follows(data, 0, 0, after)
        return []
    return [record.revision for record in scan(data[HEADER_BYTES:], HEADER_BYTES, header.crc, after).records]


def test_what_is_written_is_read():
    data, ends = journal(3)
    header = parse_header(data)
    assert header is not None
    assert (header.base, header.size_bytes, header.mtime_ns) == (BASE, 300_000, 123)
    found = scan(data[HEADER_BYTES:], HEADER_BYTES, header.crc, BASE)
    assert [(r.revision, r.start, r.end) for r in found.records] == [
        (8, ends[0], ends[1]),
        (9, ends[1], ends[2]),
        (10, ends[2], ends[3]),
    ]
    assert found.records[0].operations == [["s", ["x"], 1], ["d", ["é\udce9"]]]
    assert (found.end, found.torn) == (len(data), False)


def test_cut_at_any_byte_the_whole_records_before_are_there():
    data, ends = journal(3)
    for size in range(len(data)):
        whole = sum(end <= size for end in ends[1:])
        assert revisions(data[:size]) == [8, 9, 10][:whole]


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_with_any_byte_flipped_it_is_an_error_or_the_last_record_is_torn(flip: int):
    data, ends = journal(4)
    for at in range(len(data)):
        bad = bytearray(data)
        bad[at] ^= flip
        if at >= ends[3]:
            assert revisions(bytes(bad)) == [8, 9, 10], at
        else:
            with pytest.raises(JournalDamagedError):
                revisions(bytes(bad))


def test_what_a_crash_may_leave_behind_the_last_record_is_torn():
    data, _ = journal(2)
    for rest in (b"\0" * 500, b"x" * 500, b"\n" * 20, b'["00000000",{"q":10,"t":1,"o":[]}]\n'):
        assert revisions(data + rest) == [8, 9]


def test_records_of_an_earlier_journal_never_count():
    old, _ = journal(5, base=2)
    new, _ = journal(1)
    assert revisions(new + old[len(new) :]) == [8]
    assert revisions(new[:HEADER_BYTES] + old[HEADER_BYTES:]) == []


def test_records_that_the_checkpoint_has_are_passed_over_and_a_gap_is_damage():
    data, _ = journal(3)
    assert revisions(data, after=9) == [10]
    assert revisions(data, after=10) == []
    with pytest.raises(JournalDamagedError, match="revision 7 is missing"):
        revisions(data, after=6)


def test_the_last_record_is_found_from_the_end():
    data, ends = journal(3)
    header = parse_header(data)
    assert header is not None
    crc = scan(data[HEADER_BYTES:], HEADER_BYTES, header.crc, BASE).crc
    for begin in (0, 5, ends[0], ends[1]):
        assert last_record(data[begin:]) == (10, crc)
    assert last_record(data[: ends[1]]) is not None
    for tail in (data[ends[2] :], data[:-1], data[ends[2] - 5 :], b"", b"\n", data[:HEADER_BYTES]):
        assert last_record(tail) is None


@pytest.mark.parametrize("raw", [b"", b"x" * 192, b"\n" * 192, b'["00000000",{"v":1}]'.ljust(191) + b"\n"])
def test_what_is_no_header_is_none(raw: bytes):
    assert parse_header(raw) is None


def test_a_header_of_a_later_version_is_none():
    body = b'{"v":2,"gen":"0","base":1,"size":1,"mtime_ns":1}'
    raw = (b'["%08x",' % zlib.crc32(body) + body + b"]").ljust(191) + b"\n"
    assert parse_header(raw) is None
