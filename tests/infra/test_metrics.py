"""/metrics on the private port (screens.md, Machine), scraped for real: what it tells, and that it never hangs."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import get_args
from uuid import UUID, uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from application.ports import Changes, Unavailable
from domain.fact import WORKER
from domain.notification import Kind, Notification, notification_stream
from domain.tree_head import head_stream
from infra import metrics, private_listener
from infra.applications import private_application
from infra.authority_ends import AuthorityEnds
from infra.current_tree import CurrentTree
from infra.event_store import EventStore
from infra.head_file import HEADS, HeadFile
from infra.head_watch import HeadFigures, HeadWatch
from infra.pki import Pki
from infra.postgres import Database
from infra.settings import Settings
from infra.tree_heads import HeadKey
from infra.views import CurrentViews
from projections.answers import MailTotals
from projections.runner import catch_up, connect
from tests.support.accounts import DAY, HOUR, MINUTE, NINE, SECOND, TARO
from tests.support.clock import MovableClock
from tests.support.database import Dsn
from tests.support.fleet import free_port
from tests.support.letters import LOG_KEY
from tests.support.pkix import PASSPHRASE, PKI_URL, authority_in

Samples = dict[str, float]
KEY = HeadKey("shomei.example.jp/log", LOG_KEY)


def request(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scrape(port: int) -> Samples:
    """Each sample by its name and the values of its labels."""
    status, text = request(port, "/metrics")
    assert status == 200
    families = text_string_to_metric_families(text)
    return {
        " ".join([found.name, *found.labels.values()]): found.value for family in families for found in family.samples
    }


class NoHeads(HeadWatch):
    def __init__(self) -> None:
        """Of a log that none was signed of."""

    def look(self) -> HeadFigures:
        return HeadFigures(None, None, broken=False)


@contextmanager
def answering(views: CurrentViews, store: EventStore, ends: AuthorityEnds, patience: float) -> Iterator[int]:
    port = free_port()
    app = Starlette(routes=[metrics.route(views, store, ends, NoHeads(), MovableClock(NINE), patience)])
    with private_listener.answering(app, port):
        yield port


def ask(store: EventStore, kind: Kind, at: datetime) -> tuple[UUID, Notification]:
    cause = uuid4()
    stream = notification_stream(kind, cause, 1)
    asked = Notification.request(kind, TARO, cause, 1, WORKER, at)
    store.save(Changes(stream, 0, asked))
    return stream, Notification(kind=kind, user_id=TARO, stream=cause, version=1)


def keep_up(store: EventStore, dsn: Dsn, views: CurrentViews) -> None:
    with connect(dsn.process, "test") as connection:
        for view in views.all:
            catch_up(connection, view, store)


@pytest.fixture
def port(dsn: Dsn, tmp_path: Path) -> Iterator[int]:
    """At ten o'clock."""
    port = free_port()
    opened = private_application(Settings(home=tmp_path), dsn.process, MovableClock(NINE + HOUR))
    with opened as app, private_listener.answering(app, port):
        yield port


def test_a_scrape_tells_the_mails_that_wait_and_that_have_ended(
    port: int, dsn: Dsn, store: EventStore, database: Database
) -> None:
    for stream, mail in (ask(store, "locked", NINE), ask(store, "locked", NINE)):
        store.save(Changes(stream, 1, mail.sent("an-id", 1, WORKER, NINE)))
    for stream, mail in [ask(store, "expiring", NINE)]:
        store.save(Changes(stream, 1, mail.cancel("renewed", WORKER, NINE)))
    ask(store, "blocked", NINE + HOUR / 2)
    ask(store, "blocked", NINE + HOUR)
    keep_up(store, dsn, CurrentViews(database))

    found = scrape(port)

    assert found["shomei_up"] == 1
    assert found["shomei_mails_waiting"] == 2
    assert found["shomei_mails_oldest_waiting_seconds"] == 1800
    assert found["shomei_mails_total locked sent"] == 2
    assert found["shomei_mails_total expiring cancelled"] == 1
    assert found["shomei_mails_total blocked given_up"] == 0
    assert len([name for name in found if name.startswith("shomei_mails_total ")]) == len(get_args(Kind)) * 3
    assert found["process_start_time_seconds"] > 0


def test_a_scrape_tells_how_far_each_view_is_behind(port: int, dsn: Dsn, store: EventStore, database: Database) -> None:
    keep_up(store, dsn, CurrentViews(database))
    ask(store, "locked", NINE)

    found = scrape(port)

    assert found["shomei_projection_lag outbox"] == store.head()
    assert found["shomei_mails_waiting"] == 0
    assert found["shomei_mails_oldest_waiting_seconds"] == 0


def test_before_the_projector_has_begun_a_scrape_says_that_there_are_no_figures(port: int) -> None:
    found = scrape(port)

    assert found["shomei_up"] == 0
    assert [name for name in found if name.startswith("shomei_")] == ["shomei_up"]
    assert found["process_start_time_seconds"] > 0


def test_a_scrape_tells_how_old_the_last_tree_head_is_and_of_how_many_facts(
    port: int, dsn: Dsn, store: EventStore, database: Database
) -> None:
    ask(store, "locked", NINE)
    keep_up(store, dsn, CurrentViews(database))
    tree = CurrentTree(database)
    before = scrape(port)
    store.save(Changes(head_stream(1), 0, [KEY.sign(1, tree.root_at(1), NINE)]))
    keep_up(store, dsn, CurrentViews(database))

    found = scrape(port)

    assert [name for name in before if name.startswith("shomei_tree")] == []
    assert found["shomei_tree_head_age_seconds"] == 3600
    assert found["shomei_tree_head_size"] == 1
    assert found["shomei_log_tree_broken"] == 0


def test_a_scrape_tells_that_the_log_lost_the_tree_of_a_head(
    port: int, dsn: Dsn, store: EventStore, database: Database, tmp_path: Path
) -> None:
    """Whether the head stands in the log or, as after a restore, only outside of it."""
    ask(store, "locked", NINE)
    keep_up(store, dsn, CurrentViews(database))
    whole = scrape(port)
    HeadFile(tmp_path / HEADS).append([KEY.sign(2, bytes(32), NINE)])
    set_back = scrape(port)
    (tmp_path / HEADS).unlink()
    store.save(Changes(head_stream(1), 0, [KEY.sign(1, bytes(32), NINE)]))
    keep_up(store, dsn, CurrentViews(database))
    changed = scrape(port)

    assert [found["shomei_log_tree_broken"] for found in (whole, set_back, changed)] == [0, 1, 1]


def test_a_read_model_that_is_behind_has_lost_nothing(
    port: int, dsn: Dsn, store: EventStore, database: Database, tmp_path: Path
) -> None:
    keep_up(store, dsn, CurrentViews(database))
    ask(store, "locked", NINE)
    HeadFile(tmp_path / HEADS).append([KEY.sign(1, bytes(32), NINE)])

    assert scrape(port)["shomei_log_tree_broken"] == 0


@pytest.fixture
def no_ends(tmp_path: Path, database: Database) -> AuthorityEnds:
    """Of a machine that has no authority."""
    return AuthorityEnds(tmp_path / "none", database)


class Away(CurrentViews):
    def mail_totals(self) -> MailTotals:
        raise Unavailable("no database connection")


class Hanging(CurrentViews):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.goes_on = Event()

    def mail_totals(self) -> MailTotals:
        assert self.goes_on.wait(10)
        return super().mail_totals()


def test_while_the_database_is_away_a_scrape_says_so(
    database: Database, store: EventStore, no_ends: AuthorityEnds
) -> None:
    with answering(Away(database), store, no_ends, patience=10) as port:
        assert scrape(port)["shomei_up"] == 0


def test_while_the_database_hangs_a_scrape_is_answered_all_the_same(
    database: Database, store: EventStore, no_ends: AuthorityEnds
) -> None:
    views = Hanging(database)

    with answering(views, store, no_ends, patience=0.02) as port:
        try:
            found = scrape(port)
        finally:
            views.goes_on.set()

    assert found["shomei_up"] == 0


def test_a_scrape_tells_what_ends_when_and_without_the_database_what_stands_in_files(
    tmp_path: Path, database: Database, store: EventStore, dsn: Dsn
) -> None:
    home, views = tmp_path / "authority", CurrentViews(database)
    authority = authority_in(home)
    with closing(Pki(home, PASSPHRASE, PKI_URL, authority, database, store)) as pki:
        pki.renew(NINE)
    keep_up(store, dsn, views)
    ends = AuthorityEnds(home, database)

    with answering(views, store, ends, 10) as port, answering(Away(database), store, ends, 10) as away:
        found, files = scrape(port), scrape(away)

    name = "shomei_end_timestamp_seconds"
    assert found[f"{name} root root_list"] == (NINE + 180 * DAY).timestamp()
    assert found[f"{name} issuing issuing_list"] == (NINE + 2 * DAY).timestamp()
    assert found[f"{name} issuing issuing_certificate"] == authority.issuing.not_valid_after_utc.timestamp()
    assert found[f"{name} issuing ocsp_signer"] == (NINE - 5 * MINUTE + 90 * DAY - SECOND).timestamp()
    assert {key for key in found if key.startswith(name)} - set(files) == {f"{name} issuing issuing_list"}
    assert files["shomei_up"] == 0


def test_there_is_nothing_else_at_that_port(port: int) -> None:
    assert request(port, "/")[0] == 404
    assert request(port, "/login")[0] == 404
