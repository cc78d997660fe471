"""Tree heads: signed when due, over the log as it was, published outside, mailed to auditors (R10.4)."""

from datetime import datetime
from pathlib import Path

import pytest
from psycopg import Connection, sql
from psycopg.rows import TupleRow
from structlog.testing import capture_logs

from domain.credentials import account_stream
from domain.fact import COMMAND_LINE, WORKER
from domain.notification import NotificationRequested, daily_stream
from domain.tree_head import TreeHead, head_stream, is_due
from domain.validity import japanese_day
from tests.support.accounts import DAY, HOUR, MINUTE, SECOND
from tests.support.database import Dsn
from tests.support.heads import Heads
from tests.support.house import NINE, House

AUDITOR, OTHER = "audit001", "audit002"


class Died(Exception):
    """What a worker was killed by."""


@pytest.fixture
def heads(house: House, dsn: Dsn, tmp_path: Path) -> Heads:
    return Heads(house, dsn, tmp_path)


def auditor(house: House, user_id: str) -> None:
    house.desk.accounts.register(
        user_id, "auditor", None, "監査 二郎", f"{user_id}@example.com", COMMAND_LINE, house.clock()
    )


def traffic(house: House) -> None:
    house.register(f"user{house.store.head():04}")


def requests(house: House) -> list[NotificationRequested]:
    return [fact for fact in house.every_fact() if isinstance(fact, NotificationRequested) and fact.kind == "tree_head"]


def asked(house: House) -> list[str]:
    return [fact.user_id for fact in requests(house)]


def test_the_first_head_is_signed_at_once_and_published(heads: Heads) -> None:
    house = heads.house
    size = len(house.every_fact())

    with capture_logs() as logs:
        done = heads.sign()

    [head] = heads.signed()
    assert (done, head.size, head.at) == (True, size, NINE)
    assert logs == [{"event": "tree head signed", "log_level": "info", "size": size}]
    assert heads.house.store.entries(0, 100)[-1].version == 1
    assert head.root == heads.tree.root_at(size)
    assert heads.outside.last() == head
    [signed] = house.store.load(head_stream(size))
    assert signed.by == WORKER


def test_an_empty_log_has_no_head(heads: Heads, owner: Connection[TupleRow]) -> None:
    owner.execute("delete from stored_events")

    assert heads.sign() is False
    assert heads.published() == []


def test_under_traffic_the_next_head_is_signed_five_minutes_later(heads: Heads) -> None:
    heads.sign()
    traffic(heads.house)

    heads.house.clock.advance(5 * MINUTE - SECOND)
    early = heads.sign()
    heads.house.clock.advance(SECOND)

    assert (early, heads.sign()) == (False, True)
    assert heads.published() == [head.size for head in heads.signed()]
    assert len(heads.published()) == 2


def test_without_traffic_it_is_signed_an_hour_later_for_a_head_is_none(heads: Heads) -> None:
    heads.sign()
    size = heads.tree.size()

    heads.house.clock.advance(HOUR - SECOND)
    early = heads.sign()
    heads.house.clock.advance(SECOND)

    assert (early, heads.sign()) == (False, True)
    assert [head.size for head in heads.signed()] == [size, size + 1]


def test_of_two_workers_that_sign_at_once_one_head_is_kept_and_published(
    heads: Heads, dsn: Dsn, tmp_path: Path
) -> None:
    other = Heads(heads.house, dsn, tmp_path)
    heads.house.between.at("sign", other.sign)

    assert heads.sign() is False

    assert heads.published() == [head.size for head in heads.signed()]
    assert len(heads.published()) == 1


def test_what_a_worker_that_died_left_unpublished_the_next_round_publishes(heads: Heads) -> None:
    heads.house.between.fails_at("saved TreeHeadSigned", Died())
    with pytest.raises(Died):
        heads.sign()
    before = heads.published()

    assert heads.sign() is False
    assert before == []
    assert heads.published() == [head.size for head in heads.signed()]


def test_a_read_model_that_is_behind_signs_nothing(heads: Heads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.tree_heads.KNOWN", 0.0)
    heads.keep_up()
    monkeypatch.setattr(heads, "keep_up", lambda: None)
    traffic(heads.house)

    assert heads.sign() is False
    assert heads.signed() == []


@pytest.mark.parametrize("file", ["there", "lost"])
def test_a_log_without_the_tree_of_its_last_head_is_told_and_not_signed(
    heads: Heads, owner: Connection[TupleRow], file: str
) -> None:
    heads.sign()
    if file == "lost":
        heads.path.unlink()
    owner.execute("update stored_events set state = state || ' '::bytea where notification_id = 1")
    start_anew(heads, owner)
    heads.house.clock.advance(DAY)

    with capture_logs() as logs:
        signed = heads.sign()

    assert signed is False
    [head] = heads.signed()
    told = "the log no longer has the tree of a signed head: nothing is signed"
    assert logs == [{"event": told, "log_level": "error", "size": head.size}]


def test_a_log_that_was_set_back_behind_the_last_head_outside_is_told_and_not_signed(
    heads: Heads, owner: Connection[TupleRow]
) -> None:
    """As a backup is that is older than the file (R10.7)."""
    heads.sign()
    traffic(heads.house)
    heads.house.clock.advance(HOUR)
    heads.sign()
    owner.execute("delete from stored_events where notification_id > 2")
    start_anew(heads, owner)
    heads.house.clock.advance(HOUR)

    with capture_logs() as logs:
        signed = heads.sign()

    assert signed is False
    assert heads.signed() == []
    assert [line["log_level"] for line in logs] == ["error"]


def test_what_is_signed_is_the_tree_that_was_held_against_the_last_head(
    heads: Heads, owner: Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though another, made of changed facts, is put in its place right after that."""
    heads.sign()
    heads.house.clock.advance(HOUR)
    heads.keep_up()
    size = heads.tree.size()
    root = heads.tree.root_at(size)

    def meanwhile(last: datetime | None, *, has_news: bool, now: datetime) -> bool:
        owner.execute("update views.log_tree_1 set hash = sha256('x') where leaf = 1")
        return is_due(last, has_news=has_news, now=now)

    monkeypatch.setattr("application.tree_heads.is_due", meanwhile)

    assert heads.sign()
    assert [(head.size, head.root) for head in heads.signed()][1:] == [(size, root)]
    assert heads.tree.root_at(size) != root


def test_behind_a_newer_head_of_another_worker_nothing_is_signed(
    heads: Heads, dsn: Dsn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads.sign()
    heads.house.clock.advance(HOUR)
    other = Heads(heads.house, dsn, tmp_path)
    last = heads.outside.last

    def meanwhile() -> TreeHead | None:
        monkeypatch.undo()
        traffic(heads.house)
        assert other.sign()
        return last()

    monkeypatch.setattr(heads.outside, "last", meanwhile)

    assert heads.sign() is False
    assert heads.published() == [head.size for head in heads.signed()]
    assert len(heads.published()) == 2


def test_once_a_day_in_japan_each_auditor_is_sent_the_newest_head(heads: Heads) -> None:
    house = heads.house
    for user_id in (AUDITOR, OTHER):
        auditor(house, user_id)
    house.staff()
    heads.sign()
    first = heads.ask()
    house.clock.advance(5 * MINUTE)
    heads.sign()
    again = heads.ask()
    house.clock.set(NINE + 15 * HOUR)  # 00:00 in Japan
    unsigned = heads.ask()
    heads.sign()
    next_day = heads.ask()

    assert (first, again, unsigned, next_day) == (2, 0, 0, 2)
    assert asked(house) == [AUDITOR, OTHER] * 2


def test_a_mail_names_the_head_and_is_the_auditors_first_fact_of_that_day(heads: Heads) -> None:
    auditor(heads.house, AUDITOR)
    heads.sign()
    heads.ask()

    [request] = requests(heads.house)
    entry = heads.house.store.entries(0, 100)[-1]
    assert (request.stream, request.version, request.by) == (head_stream(heads.published()[0]), 1, WORKER)
    today = daily_stream("tree_head", account_stream(AUDITOR), japanese_day(NINE))
    assert (entry.fact, entry.stream, entry.version) == (request, today, 1)


def test_an_auditor_who_was_closed_is_sent_none(heads: Heads) -> None:
    auditor(heads.house, AUDITOR)
    auditor(heads.house, OTHER)
    heads.house.record(lambda account: account.close("retired", COMMAND_LINE, NINE), AUDITOR)
    heads.sign()

    heads.ask()

    assert asked(heads.house) == [OTHER]


def test_two_workers_ask_for_one_mail(heads: Heads, dsn: Dsn, tmp_path: Path) -> None:
    auditor(heads.house, AUDITOR)
    heads.sign()
    other = Heads(heads.house, dsn, tmp_path)
    heads.house.between.at("save NotificationRequested", other.ask)

    assert heads.ask() == 0
    assert asked(heads.house) == [AUDITOR]


def start_anew(heads: Heads, owner: Connection[TupleRow]) -> None:
    """The read models from zero, as after a restore."""
    query = sql.SQL("drop table {}")
    for (table,) in owner.execute("select tablename from pg_tables where schemaname = 'views'").fetchall():
        owner.execute(query.format(sql.Identifier("views", table)))


def test_what_was_asked_for_is_not_tried_again(heads: Heads) -> None:
    """Each try would leave a hole in the log's numbers."""
    auditor(heads.house, AUDITOR)
    heads.sign()
    heads.ask()
    heads.house.between.fails_at("save NotificationRequested", Died())

    assert heads.ask() == 0
