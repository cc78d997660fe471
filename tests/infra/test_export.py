"""The history to take away: a ZIP made while it is sent, with a manifest, recorded before it leaves (R10.5)."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest

from application.ports import Unavailable
from domain.errors import NotFound
from domain.fact import COMMAND_LINE
from domain.reading import Form
from infra.export_manifest import Manifest, pieces
from infra.tree_heads import read
from projections.audit_log import AuditLog
from projections.log_tree import LogTree
from projections.merkle import Subtree
from tests.support.accounts import HOUR, MINUTE, NINE, SECOND, fact
from tests.support.signed_log import PUBLIC_KEY, SIGNED, SignedLog

FORMS: list[Form] = ["jsonl", "csv"]


def files_of(log: SignedLog, form: Form = "jsonl", **asked: Any) -> dict[str, bytes]:
    with ZipFile(log.export(form, **asked)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def manifest_of(log: SignedLog, **asked: Any) -> Manifest:
    return msgspec.json.decode(files_of(log, **asked)["manifest.json"], type=Manifest)


def leaf_numbers(files: dict[str, bytes]) -> list[int]:
    return [msgspec.json.decode(line)["leaf"] for line in files["facts.jsonl"].splitlines()]


@pytest.mark.parametrize("form", FORMS)
def test_the_manifest_comes_last_and_tells_the_files_hash(log: SignedLog, form: Form) -> None:
    log.signed(5)

    files = files_of(log, form)

    manifest = msgspec.json.decode(files["manifest.json"], type=Manifest)
    assert list(files) == [f"facts.{form}", "head.txt", "manifest.json"]
    assert (manifest.file, manifest.sha256) == (f"facts.{form}", sha256(files[f"facts.{form}"]).hexdigest())
    assert (manifest.count, manifest.first, manifest.end, manifest.made_at) == (5, 0, 5, SIGNED)


def test_the_head_that_vouches_is_beside_as_it_was_published(log: SignedLog) -> None:
    head = log.signed(5)

    files = files_of(log)

    manifest = msgspec.json.decode(files["manifest.json"], type=Manifest)
    assert files["head.txt"].decode() == manifest.head.note
    assert read(manifest.head.note, PUBLIC_KEY) == [head]
    assert (manifest.head.size, manifest.head.root) == (5, head.root.hex())


def test_facts_behind_the_newest_head_are_left_out_and_counted(log: SignedLog) -> None:
    log.signed(5)
    log.fill(3)

    manifest = manifest_of(log)

    assert (manifest.end, manifest.not_covered) == (5, 1 + 3)  # the head's own fact is the first of them


def test_an_older_head_may_be_chosen(log: SignedLog) -> None:
    older = log.signed(5)
    log.signed(3)

    manifest = manifest_of(log, head=older.size)

    assert (manifest.end, manifest.head.size, manifest.not_covered) == (5, 5, 1 + 3 + 1)


@pytest.mark.parametrize("size", [4, 6, 10])
def test_no_head_of_another_size_may_be_chosen(log: SignedLog, size: int) -> None:
    log.signed(5)

    with pytest.raises(NotFound, match="tree head"):
        log.prepared(head=size)


def test_without_a_head_there_is_no_export(log: SignedLog) -> None:
    log.fill(1)
    log.keep_up(LogTree())

    with pytest.raises(Unavailable, match="no tree head"):
        log.prepared()


@pytest.mark.parametrize(
    ("since", "until", "leaves"),
    [
        (NINE, None, range(10)),
        (NINE + SECOND, None, range(1, 10)),
        (NINE + SECOND / 2, NINE + 4 * SECOND, range(1, 4)),
        (None, NINE + 4 * SECOND, range(4)),
        (None, NINE + 4.5 * SECOND, range(5)),
        (NINE - HOUR, NINE, range(0)),
        (NINE + HOUR, NINE + HOUR + MINUTE, range(0)),
        (NINE + 5 * SECOND, NINE + 5 * SECOND, range(0)),
    ],
)
def test_a_range_of_time_has_its_beginning_and_not_its_end(
    log: SignedLog, since: datetime | None, until: datetime | None, leaves: range
) -> None:
    log.signed(10)

    files = files_of(log, since=since, until=until)

    manifest = msgspec.json.decode(files["manifest.json"], type=Manifest)
    assert leaf_numbers(files) == list(leaves)
    assert (manifest.count, manifest.not_covered) == (len(leaves), int(until is None))  # the head's own fact
    assert (manifest.asked.since, manifest.asked.until) == (since, until)


def test_times_that_do_not_rise_take_what_lies_between_with_them(log: SignedLog) -> None:
    log.fill(6)
    late = '{"serial":"A","at":"2026-11-23T00:00:05Z","by":"taro01"}'
    log.owner.execute("update stored_events set state = %s where notification_id = 2", [late.encode()])
    log.sign()

    files = files_of(log, since=NINE + 5 * SECOND, until=NINE + 6 * SECOND)

    assert leaf_numbers(files) == [1, 2, 3, 4, 5]


def test_a_range_that_ends_behind_the_head_ends_there(log: SignedLog) -> None:
    older = log.signed(5)
    log.fill(5)
    log.sign()

    files = files_of(log, since=NINE + 3 * SECOND, until=NINE + 8 * SECOND, head=older.size)

    manifest = msgspec.json.decode(files["manifest.json"], type=Manifest)
    assert leaf_numbers(files) == [3, 4]
    assert manifest.not_covered == 1 + 3  # the head's own fact lies between


def test_a_range_behind_the_head_is_empty(log: SignedLog) -> None:
    older = log.signed(5)
    log.fill(5)
    log.sign()

    manifest = manifest_of(log, since=NINE + 8 * SECOND, until=NINE + 9 * SECOND, head=older.size)

    assert (manifest.first, manifest.end, manifest.count, manifest.not_covered) == (5, 5, 0, 1)


def test_a_read_model_that_lags_behind_the_head_tells_no_range_of_time(log: SignedLog) -> None:
    log.fill(5)
    log.sign()
    log.keep_up(AuditLog())
    log.owner.execute("delete from views.audit_log_1 where position >= 4")

    with pytest.raises(Unavailable, match="so far"):
        log.prepared(since=NINE)


def test_it_is_recorded_before_the_first_octet_is_made(log: SignedLog) -> None:
    log.signed(5)

    log.prepared("csv")

    taken = fact("HistoryExported", SIGNED, by=COMMAND_LINE, form="csv", first=0, end=5, head=5)
    assert log.exported() == [taken]


def test_it_has_what_was_stored_when_it_was_prepared_whatever_came_since(log: SignedLog) -> None:
    log.signed(5)

    prepared = log.prepared()
    log.signed(5)

    with ZipFile(log.written(prepared)) as file:
        assert len(file.read("facts.jsonl").splitlines()) == 5


def test_it_is_made_a_block_at_a_time(log: SignedLog) -> None:
    log.signed(2100)
    prepared = log.prepared()

    chunks = log.exports.chunks(prepared)

    assert len([next(chunks) for _ in range(4)]) == 4  # its heading, and 1024, 1024 and 52 facts
    chunks.close()


def test_whoever_goes_away_leaves_no_connection_behind(log: SignedLog) -> None:
    log.signed(5)
    chunks = log.exports.chunks(log.prepared())
    next(chunks)

    chunks.close()

    query = "select count(*) from pg_stat_activity where application_name = 'shomei export' and state <> 'idle'"
    assert log.owner.execute(query).fetchone() == (0,)


def test_how_far_it_is_is_told(log: SignedLog) -> None:
    log.signed(1030)
    told: list[tuple[int, int]] = []

    list(log.exports.chunks(log.prepared(), lambda done, of: told.append((done, of))))

    assert told == [(0, 1030), (1024, 1030), (1030, 1030)]


def test_a_log_that_was_cut_is_exported_as_far_as_it_goes(log: SignedLog) -> None:
    log.signed(5)
    log.owner.execute("delete from stored_events where notification_id > 3")

    manifest = manifest_of(log)

    assert (manifest.end, manifest.count) == (5, 3 + 1)  # that it was exported is recorded behind the cut


def test_a_tree_that_was_cut_is_no_ground_for_an_export(log: SignedLog) -> None:
    log.signed(5)
    prepared = log.prepared()
    log.owner.execute("delete from views.log_tree_1 where leaf = 3")

    with pytest.raises(Unavailable, match="so far"):
        log.written(prepared)


@pytest.mark.parametrize(
    ("first", "end", "expected"),
    [
        (0, 0, []),
        (7, 7, []),
        (0, 1, [Subtree(0, 0)]),
        (0, 1024, [Subtree(10, 0)]),
        (0, 2048, [Subtree(10, 0), Subtree(10, 1)]),
        (1023, 1026, [Subtree(0, 1023), Subtree(1, 512)]),
    ],
)
def test_the_blocks_of_a_range_reach_over_no_multiple_of_1024(first: int, end: int, expected: list[Subtree]) -> None:
    assert list(pieces(first, end)) == expected


def test_its_blocks_are_the_roots_of_the_trees(log: SignedLog) -> None:
    log.signed(1100)

    manifest = manifest_of(log, since=NINE + 1000 * SECOND)

    connection = log.connection()
    with connection, connection.cursor() as cursor:
        before = LogTree().roots(cursor, 0, 1000)
        blocks = LogTree().roots(cursor, 1000, 1024) + LogTree().roots(cursor, 1024, 1100)
    assert manifest.before == [root.hex() for root in before]
    assert manifest.blocks == [root.hex() for root in blocks]
    assert manifest.behind == []


def test_the_name_tells_the_day_in_japan_and_the_leaves(log: SignedLog) -> None:
    log.signed(5)

    assert log.prepared(since=NINE + SECOND).name == "shomei-20261124-1-5.zip"
