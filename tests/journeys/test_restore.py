"""Backup and restore by the steps of docs/operations.md, done with PostgreSQL's own programs (R10.7).

A backup is made, the house goes on - issues, revokes, publishes lists, lets in, registers, erases -, and then the older
backup is all there is.
"""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from psycopg import sql
from psycopg.conninfo import make_conninfo

from application.ports import Contact
from domain.certificate import CertificatePlanned, certificate_stream
from domain.credentials import account_stream
from domain.errors import NoSession, RegistrationMissing
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from domain.tree_head import TreeHead
from infra.authority import IssuingAuthority
from infra.certificate_parts import hex_serial
from infra.embedded_postgres import Cluster
from infra.pkcs12 import KeyPackageFactory
from infra.pki import Pki
from infra.postgres import Database, DatabaseTurns
from infra.postgres_programs import Programs
from infra.vault_check import differences
from infra.verification import Wrong
from infra.verify_database import verify_database
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from projections.views import nobody
from tests.support.accounts import HOUR, SECOND
from tests.support.applicants import letter_to
from tests.support.command_line import CommandLine, logging_kept, shomei, url
from tests.support.copies import check
from tests.support.database import Dsn
from tests.support.erasing import erase
from tests.support.heads import Heads
from tests.support.house import PKI, TARO, House, furnish

__all__ = ["logging_kept", "shomei"]

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
JIRO, SABURO, HANA = "jiro0002", "sabu0003", "hana0004"
BURST = 5  # lists within one second


def command(beginning: str, **places: str) -> list[str]:
    """The words of the command as the document has it, with `places` filled in."""
    (line,) = re.findall(rf"`({beginning} [^`]*)`", TEXT)
    for place, filled in {"…": "DATABASE", '"$SHOMEI_MIGRATION_URL"': "DATABASE", "shomei.dump": "FILE"}.items():
        line = line.replace(place, filled)
    return [places.get(word, word) for word in shlex.split(line)]


def voiding() -> bytes:
    """What is to be run against what people had open."""
    (_, after) = re.split(r"Void what people had open.*?```\n", TEXT, flags=re.DOTALL)
    return after.partition("```")[0].encode()


@contextmanager
def empty_database(cluster: Cluster) -> Iterator[Dsn]:
    name = "restored"
    with psycopg.connect(cluster.owner_dsn, autocommit=True) as owner:
        owner.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            yield Dsn(make_conninfo(cluster.owner_dsn, dbname=name), make_conninfo(cluster.process_dsn, dbname=name))
        finally:
            owner.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def published(house: House, authority: IssuingAuthority, home: Path) -> x509.CertificateRevocationList:
    """The list that whoever fetches one now is given, by a process that has just been started."""
    opened = Pki(home, b"a passphrase", PKI, authority, house.database, house.store)
    try:
        found = opened.documents.revocation_list("issuing", house.clock())
    finally:
        opened.close()
    assert found is not None
    return x509.load_der_x509_crl(b"".join(found.content))


def number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def serials(house: House) -> set[str]:
    """All that were ever planned, signed or not."""
    return {fact.serial for fact in house.every_fact() if isinstance(fact, CertificatePlanned)}


@dataclass(frozen=True)
class Restored:
    """`lost` is the house as it had gone on, `house` the one from the backup, a second after the loss.

    `heads` were signed just before the backup and just before the loss, `lists` published before it, the newest last;
    `kept` are cookies of before the backup, by what they opened.
    """

    lost: House
    house: House
    dsn: Dsn
    lists: list[x509.CertificateRevocationList]
    heads: list[TreeHead]
    kept: dict[str, str]


def live(house: House) -> dict[str, str]:
    """Up to the backup; the cookies of those who are at something just then."""
    house.organization()
    for user_id in (TARO, JIRO, SABURO):
        house.user(user_id)
    house.issue(JIRO)
    letter = letter_to(house)
    cookies = {"package": house.issue(), "passage": house.enter(SABURO), "registration": letter.proposed()}
    return {**cookies, "session": house.log_in()}


def go_on(house: House, authority: IssuingAuthority, home: Path) -> list[x509.CertificateRevocationList]:
    """After the backup: one of each that numbers could be made twice by, and a burst of lists at the end."""
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())
    lists = [published(house, authority, home)]
    house.issue()
    house.log_in(2)
    house.user(HANA)
    house.issue(HANA)
    house.desk.revocation.revoke_user(JIRO, "retired", COMMAND_LINE, house.clock())
    erase(house, SABURO)
    for _ in range(BURST):
        house.clock.advance(SECOND / BURST)
        house.issue(JIRO)
        house.desk.revocation.revoke_user(JIRO, "lost", COMMAND_LINE, house.clock())
        lists.append(published(house, authority, home))
    return lists


@pytest.fixture
def restored(
    house: House,
    dsn: Dsn,
    cluster: Cluster,
    authority: IssuingAuthority,
    packages: KeyPackageFactory,
    shomei: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Restored]:
    """By the steps of the document."""
    programs, file = Programs(cluster.home, None), cluster.home / "shomei.dump"
    heads = Heads(house, dsn, tmp_path)
    kept = live(house)
    assert heads.sign()
    published(house, authority, tmp_path)
    dump, *words = command("pg_dump", DATABASE=url(dsn.owner), FILE=str(file))
    assert programs.run(dump, *words).returncode == 0
    house.clock.advance(HOUR)
    lists = go_on(house, authority, tmp_path)
    house.clock.advance(SECOND)
    assert heads.sign()
    with empty_database(cluster) as place:
        restore, *words = command("pg_restore", DATABASE=url(place.owner), FILE=str(file))
        done = programs.run(restore, *words)
        file.unlink()
        assert (done.returncode, done.stdout) == (0, "")
        with psycopg.connect(place.owner) as connection:
            connection.execute(voiding())
        monkeypatch.setenv("DATABASE_URL", url(place.process))
        monkeypatch.setenv("SHOMEI_MIGRATION_URL", url(place.owner))
        assert shomei.run("migrate").exit_code == 0
        database, turns = Database(place.process), DatabaseTurns(place.process)
        try:
            again = furnish(database, turns, authority, packages, house.clock, Policy())
            yield Restored(house, again, place, lists, heads.signed(), kept)
        finally:
            turns.close()
            database.close()


def test_the_log_is_as_it_was_at_the_backup_and_goes_on(restored: Restored) -> None:
    before = restored.lost.every_fact()[: len(restored.house.every_fact())]
    at_the_start = restored.house.every_fact()

    restored.house.user("maki0006")

    assert at_the_start == before
    assert 0 < len(at_the_start) < len(restored.lost.every_fact())
    assert restored.house.every_fact()[: len(before)] == before
    assert list(differences(restored.house.database)) == []


def test_the_views_go_on_from_where_they_were_and_equal_their_copies(restored: Restored) -> None:
    with connect(restored.dsn.process, "test") as connection:
        for view in CurrentViews(restored.house.database).all:
            catch_up(connection, view, restored.house.store)

        assert check(connection, restored.house.store) > 0


def test_no_serial_comes_twice_where_the_same_certificates_are_issued_once_more(restored: Restored) -> None:
    lost, house = restored.lost, restored.house
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())
    house.issue()
    house.user(HANA)
    house.issue(HANA)

    again = [certificate_stream(TARO, 2), certificate_stream(HANA, 1)]
    before = {str(lost.certificate(2).serial), str(lost.certificate(user_id=HANA).serial)}
    after = {str(house.certificate(2).serial), str(house.certificate(user_id=HANA).serial)}
    assert all(lost.store.load(stream) and house.store.load(stream) for stream in again)
    assert serials(house) - after < serials(lost)
    assert (len(after), after & serials(lost)) == (2, set())
    assert before <= serials(lost) - serials(house)


def test_the_lists_number_goes_on_behind_all_that_were_ever_published(
    restored: Restored, authority: IssuingAuthority, tmp_path: Path
) -> None:
    restored.house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, restored.house.clock())

    first = published(restored.house, authority, tmp_path)

    numbers = [number(each) for each in restored.lists]
    assert numbers == sorted(set(numbers))
    assert number(first) > numbers[-1]


def test_what_people_had_open_opens_nothing(restored: Restored) -> None:
    house, now = restored.house, restored.house.clock()

    assert house.tickets.package(restored.kept["package"]) is None
    assert house.tickets.find(restored.kept["passage"]) is None
    with pytest.raises(RegistrationMissing):
        house.desk.registration.proposal(restored.kept["registration"], now)
    with pytest.raises(NoSession):
        house.desk.sessions.visitor(restored.kept["session"], house.fingerprint(), now)
    assert house.log_in()


def test_what_the_last_list_kept_outside_names_is_revoked_again(
    restored: Restored, authority: IssuingAuthority, tmp_path: Path
) -> None:
    house, listed = restored.house, {hex_serial(each.serial_number) for each in restored.lists[-1]}
    known = listed & serials(house)

    for serial in known:
        house.desk.revocation.revoke_serial(serial, "requested", COMMAND_LINE, house.clock())

    first = published(house, authority, tmp_path)
    assert known == {str(restored.lost.certificate(user_id=user_id).serial) for user_id in (TARO, JIRO)}
    assert {hex_serial(each.serial_number) for each in first} == known


def test_who_was_erased_after_the_backup_is_there_again_and_erased_again(restored: Restored) -> None:
    back = restored.house.people.of(account_stream(SABURO), 1)

    erase(restored.house, SABURO)

    assert restored.lost.people.of(account_stream(SABURO), 1) is None
    assert back == Contact("見本 太郎", "taro@example.com")
    assert restored.house.people.of(account_stream(SABURO), 1) is None


def test_the_processes_role_may_do_as_little_as_before(restored: Restored) -> None:
    rights = restored.house.database.execute(
        "select right_, has_table_privilege('stored_events', right_) as has"
        " from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as right_"
    )

    assert [row["right_"] for row in rights if row["has"]] == ["select"]


# ---- what is missing


def test_the_last_head_from_outside_names_what_is_missing(restored: Restored) -> None:
    at_the_start, (before, last) = len(restored.house.every_fact()), restored.heads

    with pytest.raises(Wrong) as found:
        verify_database(restored.dsn.process, [before, last], nobody)

    assert before.size < at_the_start < last.size  # the head itself is a fact of the backup
    assert (found.value.bad.what, found.value.bad.leaf) == ("cut", at_the_start)


def test_facts_that_came_after_the_restore_do_not_hide_it(restored: Restored) -> None:
    at_the_start, (before, last) = len(restored.house.every_fact()), restored.heads
    for number in range(last.size - at_the_start):
        restored.house.organization(f"AFTER{number:03}")

    with pytest.raises(Wrong) as found:
        verify_database(restored.dsn.process, [before, last], nobody)

    assert found.value.bad.leaf is not None
    assert before.size <= found.value.bad.leaf <= at_the_start
