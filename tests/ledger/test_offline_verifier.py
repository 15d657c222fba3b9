"""Every way to tamper with an export is found, and the event is named."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_platform.ledger.checkpoints import Signer
from hitl_platform.ledger.offline_verifier import (
    EVENTS,
    HEAD,
    HISTORY,
    LEAVES,
    MANIFEST,
    PERSONAL,
    Finding,
    Report,
    one_form,
    verify,
)
from tests.ledger import forge
from tests.ledger.forge import KEY, Held, checkpoint, event_id, export_of, line_of

COUNT = 23
MARKS = (5, 16)
VALUES = {3: "because of Mr Doe", 11: "see the file of 3 May"}


def _lines() -> list[bytes]:
    return [
        line_of(seq, personal={"rationale": forge.salted(VALUES[seq])[1]} if seq in VALUES else None)
        for seq in range(COUNT)
    ]


LINES = _lines()
EXPORT = export_of(LINES, marks=MARKS, values=[forge.value_line(seq, "rationale", VALUES[seq]) for seq in VALUES])
positions = st.integers(0, COUNT - 1)
few = settings(max_examples=60, deadline=None)


def check(export: Held, *, older: str = "") -> Report:
    return verify(export, public_keys=[KEY], older=older)


def named(report: Report) -> set[int | None]:
    return {finding.seq for finding in report.findings}


def rewritten(lines: list[bytes], *, leaves: list[bytes] | None = None) -> Held:
    """EXPORT with other events, and other leaves where they are given as the lines that they are of."""
    export = EXPORT.with_file(EVENTS, b"".join(line + b"\n" for line in lines))
    return export if leaves is None else export.with_file(LEAVES, export_of(leaves).files[LEAVES])


def test_what_was_signed_verifies() -> None:
    report = check(EXPORT, older=checkpoint(LINES[:9]))
    assert (report.findings, report.size) == ([], COUNT)
    assert verify(EXPORT).notes[0].endswith(KEY)


def test_a_salt_has_one_form() -> None:
    content = EXPORT.files[PERSONAL]
    salt = json.loads(content.splitlines()[0])["salt"].encode()
    assert check(EXPORT.with_file(PERSONAL, content.replace(salt, salt.upper()))).findings


@few
@given(st.sampled_from([EVENTS, LEAVES, PERSONAL, HISTORY, HEAD, MANIFEST]), st.data())
def test_every_flipped_bit_is_found(name: str, data: st.DataObject) -> None:
    content = bytearray(EXPORT.files[name])
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    try:
        report = check(EXPORT.with_file(name, bytes(content)))
    except (ValueError, KeyError, TypeError):
        assert name == MANIFEST
        return
    assert report.findings
    line = EXPORT.files[name][: bit // 8].count(b"\n")
    if name in (EVENTS, LEAVES):
        assert line in named(report)
    if name == EVENTS:
        assert event_id(line) in {finding.event_id for finding in report.findings}
    if name == PERSONAL:
        assert {finding.kind for finding in report.findings} == {"personal"}


@few
@given(positions)
def test_a_removed_event_is_named(seq: int) -> None:
    findings = check(rewritten(LINES[:seq] + LINES[seq + 1 :])).findings
    assert findings == [Finding("missing", "it was sealed and is not here", seq, event_id(seq))]


@few
@given(st.lists(positions, min_size=2, max_size=2, unique=True))
def test_swapped_events_are_named(pair: list[int]) -> None:
    lines, (first, second) = list(LINES), sorted(pair)
    lines[first], lines[second] = lines[second], lines[first]
    report = check(rewritten(lines))
    assert {finding.kind for finding in report.findings} == {"moved"}
    assert first in named(report)


@few
@given(positions)
def test_an_added_event_is_named(place: int) -> None:
    forged = line_of(900)
    findings = check(rewritten([*LINES[:place], forged, *LINES[place:]])).findings
    assert [(each.kind, each.event_id) for each in findings] == [("inserted", event_id(900))]
    findings = check(rewritten([*LINES[:place], LINES[3], *LINES[place:]])).findings
    assert ("inserted", event_id(3)) in [(each.kind, each.event_id) for each in findings]


@few
@given(positions)
def test_an_edited_event_is_named(seq: int) -> None:
    lines = list(LINES)
    lines[seq] = lines[seq].replace(b"reviewer", b"manager")
    findings = check(rewritten(lines)).findings
    assert [(each.kind, each.seq, each.event_id) for each in findings] == [("edited", seq, event_id(seq))]


@few
@given(st.integers(0, COUNT - 1))
def test_a_cut_tail_is_found(size: int) -> None:
    # the events alone; with their leaves; with the newer checkpoints too, against the one that was kept
    assert named(check(rewritten(LINES[:size]))) == set(range(size, COUNT))
    assert ("cut tail", size) in {(f.kind, f.seq) for f in check(rewritten(LINES[:size], leaves=LINES[:size])).findings}
    older_export = export_of(LINES[:size], marks=[mark for mark in MARKS if mark <= size])
    assert check(older_export).findings == [] or any(seq < size for seq in VALUES)
    report = check(older_export, older=checkpoint(LINES))
    assert [(f.kind, f.seq) for f in report.findings] == [("cut tail", size)]


@few
@given(positions)
def test_a_change_of_events_and_leaves_together_is_found_between_checkpoints(seq: int) -> None:
    lines = list(LINES)
    lines[seq] = lines[seq].replace(b"reviewer", b"manager")
    findings = check(rewritten(lines, leaves=lines)).findings
    bounds = [0, *MARKS, COUNT]
    low = max(each for each in bounds if each <= seq)
    high = min(each for each in bounds if each > seq)
    assert [(f.kind, f.seq) for f in findings] == [("root", low)]
    assert f"to seq {high - 1} " in findings[0].text


def test_events_added_with_their_leaves_after_the_last_signed_one_are_found() -> None:
    lines = [*LINES, line_of(900)]
    assert [(f.kind, f.seq) for f in check(rewritten(lines, leaves=lines)).findings] == [("inserted", COUNT)]


def test_a_log_that_was_rewritten_and_signed_anew_contradicts_the_kept_checkpoint() -> None:
    kept = checkpoint(LINES[:9])
    lines = list(LINES)
    lines[4] = lines[4].replace(b"reviewer", b"manager")
    rewritten_log = export_of(lines)
    assert {f.kind for f in check(rewritten_log).findings} <= {"personal"}
    assert "fork" in {f.kind for f in check(rewritten_log, older=kept).findings}


def test_two_roots_signed_for_one_size_are_a_fork() -> None:
    other = [*LINES[:-1], line_of(900)]
    assert "fork" in {f.kind for f in check(EXPORT, older=checkpoint(other)).findings}
    forked = EXPORT.with_file(HISTORY, one_form(checkpoint(other[:5] + LINES[:1])))
    assert [(f.kind, f.seq) for f in check(forked).findings] == [("fork", 5)]


def test_an_export_that_starts_later_is_held_against_the_kept_checkpoint() -> None:
    later = export_of(LINES, since=9, values=[forge.value_line(11, "rationale", VALUES[11])])
    assert check(later, older=checkpoint(LINES[:9])).findings == []
    assert check(later, older=checkpoint(LINES[:12])).findings == []
    assert [f.kind for f in check(later, older=checkpoint(LINES[:4])).findings] == ["out of reach"]
    assert [f.kind for f in check(later, older=checkpoint([*LINES[:8], line_of(900)])).findings] == ["fork"]
    lines = b"".join(line + b"\n" for line in LINES[9:] if line != LINES[12])
    assert [(f.kind, f.seq) for f in check(later.with_file(EVENTS, lines)).findings] == [("missing", 12)]


def test_another_log_and_another_key_do_not_pass() -> None:
    other = Signer(bytes(32))
    signed_by_other = EXPORT.with_file(HEAD, checkpoint(LINES, signer=other).encode())
    assert [f.kind for f in check(signed_by_other).findings] == ["signature"]
    stranger = base64.b64encode(other.public_key).decode()
    kinds = {f.kind for f in verify(EXPORT, public_keys=[stranger]).findings}
    assert kinds == {"key", "signature"}
    # after a change of keys both are given
    both = verify(EXPORT, public_keys=[KEY, stranger], older=checkpoint(LINES[:9], signer=other))
    assert both.findings == []


def test_an_event_of_another_tenant_is_named_even_where_it_was_signed() -> None:
    lines = list(LINES)
    lines[2] = lines[2].replace(str(forge.TENANT).encode(), event_id(1).encode())
    assert ("tenant", 2) in {(f.kind, f.seq) for f in check(export_of(lines)).findings}


def test_personal_values_may_be_gone_but_not_different() -> None:
    erased = EXPORT.with_file(PERSONAL, EXPORT.files[PERSONAL].splitlines(keepends=True)[1])
    report = check(erased)
    assert report.findings == []
    assert "personal values of 1 events are erased, 0 erasures recorded" in report.notes
    changed = EXPORT.files[PERSONAL].replace(b"Doe", b"Roe")
    assert [(f.kind, f.seq) for f in check(EXPORT.with_file(PERSONAL, changed)).findings] == [("personal", 3)]
    added = EXPORT.files[PERSONAL] + forge.value_line(5, "rationale", "made up")
    assert [f.event_id for f in check(EXPORT.with_file(PERSONAL, added)).findings] == [event_id(5)]


def test_a_recorded_erasure_is_told_apart() -> None:
    lines = [*LINES, forge.line_of(COUNT, verb="personal.erased")]
    lines[-1] = lines[-1].replace(event_id(COUNT + 500).encode(), event_id(3).encode())
    report = check(export_of(lines, values=[forge.value_line(11, "rationale", VALUES[11])]))
    assert report.findings == []
    assert "personal values of 1 events are erased, 1 erasures recorded" in report.notes


def _story(*verbs: str) -> list[bytes]:
    return [line_of(seq, verb=verb, case=7) for seq, verb in enumerate(verbs)]


@pytest.mark.parametrize(
    "verbs",
    [
        ("case.submitted", "case.scored", "case.decided"),
        ("case.submitted", "case.sent_to_review", "case.decided", "case.reopened", "case.decided"),
        ("case.submitted", "case.scored", "case.sent_to_review", "case.withdrawn"),
    ],
)
def test_a_case_that_went_the_allowed_way_verifies(verbs: tuple[str, ...]) -> None:
    assert check(export_of(_story(*verbs))).findings == []


@pytest.mark.parametrize(
    ("verbs", "wrong"),
    [
        (("case.decided",), 0),
        (("case.submitted", "case.decided"), 1),
        (("case.submitted", "case.scored", "case.decided", "case.decided"), 3),
        (("case.submitted", "case.withdrawn", "case.sent_to_review"), 2),
        (("case.submitted", "case.submitted"), 1),
    ],
)
def test_a_decision_that_does_not_follow_is_named(verbs: tuple[str, ...], wrong: int) -> None:
    assert [(f.kind, f.seq) for f in check(export_of(_story(*verbs))).findings] == [("lifecycle", wrong)]


def test_batch_events_move_each_of_their_cases() -> None:
    cases = [event_id(seq) for seq in range(100, 104)]
    items = {case: {"score": "0.91"} for case in cases}
    lines = [
        line_of(0, verb="case.submitted", body={"items": items}),
        line_of(1, verb="case.scored", body={"items": items}),
        line_of(2, verb="case.decided", body={"items": {case: {} for case in [*cases[:2], event_id(200)]}}),
    ]
    report = check(export_of(lines))
    assert [(f.kind, f.seq) for f in report.findings] == [("lifecycle", 2)]
    assert event_id(200) in report.findings[0].text


def test_events_sealed_out_of_turn_are_judged_by_their_clock() -> None:
    # the decision waited for the lock that the way into review held, with the older transaction id
    lines = [
        line_of(0, verb="case.submitted", case=7),
        line_of(2, verb="case.decided", case=7),
        line_of(1, verb="case.sent_to_review", case=7),
    ]
    assert check(export_of(lines)).findings == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\n", one_form({"format": "other"})])
def test_what_is_no_export_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        check(EXPORT.with_file(MANIFEST, content))


HOSTILE = [
    b"[" * 100_000 + b"\n",
    b'{"id":' + b"9" * 5_000 + b"}\n",
    b"\n" * 50,
    b"\x00\xff\r\n",
    json.dumps({"id": 1, "verb": None, "body": 3, "personal": []}).encode() + b"\n",
]


@pytest.mark.parametrize("line", HOSTILE)
def test_hostile_lines_are_findings_and_no_crash(line: bytes) -> None:
    for name in (EVENTS, PERSONAL, LEAVES, HISTORY):
        assert check(EXPORT.with_file(name, line + EXPORT.files[name])).findings
