"""An export is as signed, or its first bad fact is named, from the file and a head alone (R10.4, R10.5)."""

from pathlib import Path

import msgspec
import pytest

from domain.reading import Form
from domain.tree_head import TreeHead
from infra import verify_export
from infra.verification import Undecided
from projections.log_tree import LogTree
from tests.support.accounts import NINE, SECOND
from tests.support.changed_exports import manifest_of, put, replaced, rewritten, swapped, with_manifest, without
from tests.support.signed_log import KEY, SIGNED, SignedLog, found_in, unpacked, verified

FORMS: list[Form] = ["jsonl", "csv"]


# ---- as signed


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("facts", [0, 1, 1023, 1024, 1025, 2048])
def test_a_whole_log_is_as_signed(log: SignedLog, form: Form, facts: int) -> None:
    head = log.signed(facts)

    found = verified(log.export(form), head)

    assert (found.facts, found.head, found.heads, found.not_covered) == (facts, head, 1, 0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("first", "end"), [(0, 1), (3, 3), (3, 4), (1000, 1100), (1024, 1030), (5, 1024), (1099, 1100)]
)
def test_a_range_is_as_signed(log: SignedLog, form: Form, first: int, end: int) -> None:
    head = log.signed(1100)

    path = log.export(form, since=NINE + first * SECOND, until=NINE + end * SECOND)

    assert verified(path, head).facts == end - first


def test_it_may_have_been_unpacked_and_the_file_of_facts_be_named(log: SignedLog) -> None:
    head = log.signed(5)
    folder = unpacked(log.export())

    assert [verified(path, head).facts for path in (folder, folder / "facts.jsonl", folder / "manifest.json")] == [
        5
    ] * 3


def test_each_given_head_among_its_facts_is_held_against_them(log: SignedLog) -> None:
    heads = [log.signed(facts) for facts in (3, 1020, 5)]

    found = verified(log.export(), *heads)

    assert (found.heads, found.facts, found.not_covered) == (3, heads[-1].size, 0)


def test_a_head_among_its_facts_says_nothing_of_those_behind_it(log: SignedLog) -> None:
    head = log.signed(3)
    log.signed(5)

    found = verified(log.export(), head)

    assert (found.facts, found.head, found.not_covered) == (3, head, 1 + 5)


@pytest.mark.parametrize(("size", "says"), [(3, False), (4, True), (8, True), (9, False), (11, True)])
def test_a_head_says_something_of_the_facts_before_it(log: SignedLog, size: int, says: bool) -> None:
    """Of leaves 3 to 7, under a head of 11."""
    log.signed(11)
    path = log.export(since=NINE + 3 * SECOND, until=NINE + 8 * SECOND)
    head = KEY.sign(size, log.root(size), SIGNED).head

    if says:
        assert verified(path, head).facts == min(size, 8) - 3
    else:
        with pytest.raises(Undecided, match="the one of 11 facts or of 4 to 8, or"):
            verified(path, head)


def test_a_newer_head_than_the_exports_tells_how_to_export_for_it(log: SignedLog) -> None:
    log.signed(5)
    path = log.export()
    newer = log.signed(5)

    with pytest.raises(Undecided, match=f"export with --head {newer.size}"):
        verified(path, newer)


def test_the_last_versions_of_many_streams_are_forgotten_in_time(
    log: SignedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = log.signed(100)
    monkeypatch.setattr(verify_export, "STREAMS", 2)

    assert verified(log.export(), head).facts == 100


# ---- the facts


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("leaf", [0, 1023, 1024, 1099])
def test_a_changed_letter_of_a_fact_is_found_in_its_line(log: SignedLog, form: Form, leaf: int) -> None:
    head = log.signed(1100)
    line = leaf + (form == "csv")

    bad = found_in(rewritten(log.export(form), replaced(line, b"taro01", b"taro02"), form), head)

    assert (bad.what, bad.leaf, bad.position) == ("changed", leaf, leaf + 1)


def test_a_changed_hash_beside_a_right_fact_is_found(log: SignedLog) -> None:
    head = log.signed(1100)
    folder = rewritten(log.export(), lambda lines: lines)
    other = msgspec.json.decode((folder / "facts.jsonl").read_bytes().splitlines()[1])["hash"]

    bad = found_in(with_hash(folder, 7, other), head)

    assert (bad.what, bad.leaf) == ("mismatch", 7)


def with_hash(folder: Path, leaf: int, digest: str) -> Path:
    facts = folder / "facts.jsonl"
    lines = facts.read_bytes().splitlines(keepends=True)
    told = msgspec.json.decode(lines[leaf])
    lines[leaf] = lines[leaf].replace(told["hash"].encode(), digest.encode())
    facts.write_bytes(b"".join(lines))
    return folder


@pytest.mark.parametrize("place", [0, 500, 1023, 1024])
def test_a_fact_that_was_taken_out_is_missing(log: SignedLog, place: int) -> None:
    head = log.signed(1100)

    bad = found_in(rewritten(log.export(), without(place)), head)

    assert (bad.what, bad.leaf, bad.position) == ("missing", place, place + 2)


@pytest.mark.parametrize(("one", "other", "what"), [(3, 4, "moved"), (0, 1023, "moved"), (1023, 1024, "missing")])
def test_swapped_facts_are_found_at_the_first(log: SignedLog, one: int, other: int, what: str) -> None:
    """Over the border of a block the other one is not seen."""
    head = log.signed(1100)

    bad = found_in(rewritten(log.export(), swapped(one, other)), head)

    assert (bad.what, bad.leaf) == (what, one)


def test_a_fact_that_was_put_in_is_found(log: SignedLog) -> None:
    head = log.signed(1100)
    path = log.export()
    line = (unpacked(path) / "facts.jsonl").read_bytes().splitlines(keepends=True)[7]

    assert found_in(rewritten(path, put(8, line)), head).leaf == 7
    assert found_in(rewritten(path, put(900, line)), head).leaf == 899
    assert found_in(rewritten(path, put(1100, line)), head).leaf == 1100


@pytest.mark.parametrize("facts", [0, 1, 1023, 1024, 1099])
def test_a_tail_that_was_cut_is_missing_from_there_on(log: SignedLog, facts: int) -> None:
    head = log.signed(1100)

    bad = found_in(rewritten(log.export(), lambda lines: lines[:facts]), head)

    assert (bad.what, bad.leaf) == ("cut", facts)


@pytest.mark.parametrize("form", FORMS)
def test_a_line_that_is_none_is_found(log: SignedLog, form: Form) -> None:
    head = log.signed(20)

    bad = found_in(rewritten(log.export(form), replaced(7 + (form == "csv"), b"taro01", b'ta"ro'), form), head)

    assert (bad.what, bad.leaf) == ("line", 7)


def test_a_line_behind_the_last_fact_is_found(log: SignedLog) -> None:
    head = log.signed(20)

    bad = found_in(rewritten(log.export(), put(20, b"\n")), head)

    assert (bad.what, bad.leaf) == ("line", 20)


def test_another_number_in_the_log_changes_the_file_and_no_fact(log: SignedLog) -> None:
    head = log.signed(20)

    bad = found_in(rewritten(log.export(), replaced(7, b'"position":8', b'"position":9')), head)

    assert (bad.what, bad.leaf) == ("file", None)


def forged(log: SignedLog, leaf: int, facts: int = 1100) -> tuple[TreeHead, Path]:
    """Another fact, with a hash beside it that is its own: a new log's export, beside the manifest of the true one."""
    head = log.signed(facts)
    folder = unpacked(log.export())
    state = b'{"serial":"FF","at":"2026-11-23T00:00:00Z","by":"taro01"}'
    log.owner.execute("update stored_events set state = %s where notification_id = %s", [state, leaf + 1])
    log.owner.execute("drop table views.log_tree_1, views.log_tree_1_blocks, views.log_tree_1_heads")
    log.owner.execute("delete from views.positions where view = 'log_tree_1'")
    log.keep_up(LogTree())
    (folder / "facts.jsonl").write_bytes((unpacked(log.export()) / "facts.jsonl").read_bytes())
    return head, folder


def test_a_fact_with_a_hash_of_its_own_is_found_in_its_block(log: SignedLog) -> None:
    head, folder = forged(log, 1030)

    bad = found_in(folder, head)

    assert (bad.what, bad.leaf, bad.last) == ("somewhere", 1024, 1024 + 63)


def test_a_second_change_behind_it_is_not_taken_for_the_first(log: SignedLog) -> None:
    head, folder = forged(log, 1030)

    bad = found_in(with_hash(folder, 1040, "ab" * 32), head)

    assert (bad.what, bad.leaf, bad.last) == ("somewhere", 1024, 1024 + 63)
    assert bad.more == "the first that does not belong to the hash beside it is leaf 1040"


def test_with_the_manifests_blocks_made_for_it_it_is_found_between_two_heads(log: SignedLog) -> None:
    first = log.signed(10)
    head, folder = forged(log, 1030, facts=1089)
    forgery = manifest_of(unpacked(log.export()))

    bad = found_in(with_manifest(folder, blocks=forgery.blocks), first, head)

    assert (bad.what, bad.leaf, bad.last) == ("somewhere", 10, 1099)


def test_a_history_written_anew_with_its_own_head_is_none_of_the_given_one(log: SignedLog) -> None:
    head, _ = forged(log, 7, facts=20)
    anew = KEY.sign(20, log.root(20), SIGNED)
    log.owner.execute("update views.log_tree_1_heads set root = %s, signature = %s", [anew.root, anew.signature])

    bad = found_in(log.export(), head)

    assert (bad.what, bad.more) == ("head", "it and the head that was given are of one size and of two histories")


def test_a_version_left_out_of_a_signed_stream_is_found(log: SignedLog) -> None:
    log.fill(8)
    log.owner.execute("update stored_events set originator_version = 9 where notification_id = 6")
    head = log.sign()

    bad = found_in(log.export(), head)

    assert (bad.what, bad.leaf) == ("version", 5)


def test_a_given_head_of_another_history_is_met_by_none_of_its_facts(log: SignedLog) -> None:
    head = log.signed(20)

    bad = found_in(log.export(), KEY.sign(10, bytes(32), SIGNED).head, head)

    assert (bad.what, bad.leaf, bad.last, bad.more) == ("somewhere", 0, 9, None)
