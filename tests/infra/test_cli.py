"""The command line (screens.md, "Command line"): results, refusals in one sentence, and nothing secret in the logs."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from application.ports import Requester
from domain.certificate import CertificateRevoked
from infra.postgres import Database
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.command_line import CommandLine, url
from tests.support.database import Dsn
from tests.support.house import TARO, House

ORGANIZATION = ("organization", "add", "ACME01", "見本商事株式会社", "--email", "keiri@example.com")
USER = ("user", "add", TARO, "--organization", "ACME01", "--name", "見本 太郎", "--email", "taro@example.com")


def test_a_locked_account_is_released_as_by_the_bank(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user()
    house.fail(times=6)

    printed = shomei.json("release", TARO)

    assert printed == {"user_id": TARO, "released": True}
    assert house.every_fact()[-1].by == "command-line"
    assert house.enter()


def test_releasing_an_account_that_is_neither_locked_nor_blocked_records_nothing(
    shomei: CommandLine, house: House
) -> None:
    house.organization()
    house.user()
    house.fail(times=5)
    before = house.kinds()

    printed = shomei.json("release", TARO)
    said = shomei.run("release", TARO)

    assert printed == {"user_id": TARO, "released": False}
    assert (said.exit_code, said.stdout) == (0, f"{TARO} is neither locked nor blocked: nothing was recorded\n")
    assert house.kinds() == before


@pytest.mark.parametrize("command", [("release",), ("revoke", "--reason", "lost")])
def test_a_user_that_is_not_there_is_said_to_be_none(shomei: CommandLine, command: tuple[str, ...]) -> None:
    assert shomei.refusal(*command, "nobody01") == "no such user"


def test_revoking_by_user_id_prints_the_serials(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user()
    house.issue()

    printed = shomei.json("revoke", TARO, "--reason", "lost")

    assert printed == {"user_id": TARO, "serials": [house.certificate().serial]}
    assert house.every_fact()[-1].by == "command-line"


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_revoking_by_serial_takes_either_case_and_prints_upper(
    shomei: CommandLine, house: House, case: Callable[[str], str]
) -> None:
    house.organization()
    house.user()
    house.issue()
    serial = str(house.certificate().serial)

    printed = shomei.json("revoke", case(serial), "--reason", "not_imported")

    assert printed == {"user_id": TARO, "serials": [serial.upper()]}


def test_a_serial_that_was_never_given_is_said_to_be_none(shomei: CommandLine) -> None:
    assert shomei.refusal("revoke", "0123456789ABCDEF", "--reason", "lost") == "no such certificate"


def test_what_has_ended_is_not_revoked_again(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user()
    house.issue()
    shomei.run("revoke", TARO, "--reason", "lost")

    said = shomei.refusal("revoke", TARO, "--reason", "lost")

    assert said == "nothing to revoke: no certificate that has not ended"
    assert house.count("CertificateRevoked") == 1


def test_only_the_reasons_of_the_bank_are_taken(shomei: CommandLine) -> None:
    result = shomei.run("revoke", TARO, "--reason", "superseded")

    assert result.exit_code == 2
    assert "'superseded' is not one of" in result.stderr


def test_before_the_projector_there_is_no_read_model_to_tell_of(shomei: CommandLine) -> None:
    assert shomei.refusal("projections", "status") == "the projector has not made this view yet"


def test_the_read_models_tell_how_far_they_have_come(
    shomei: CommandLine, house: House, dsn: Dsn, database: Database
) -> None:
    house.organization()
    views = CurrentViews(database).all
    with connect(dsn.process, "test") as connection:
        for view in views:
            catch_up(connection, view, house.store)
    house.user()

    told = shomei.json("projections", "status")["projections"]

    assert [line["name"] for line in told] == [view.name for view in views]
    assert {(line["position"], line["lag"]) for line in told} == {(2, 3)}


def test_migrate_may_be_repeated(shomei: CommandLine) -> None:
    assert shomei.run("migrate").exit_code == 0
    assert shomei.run("migrate").exit_code == 0


def test_migrate_by_the_processes_role_says_who_should(
    shomei: CommandLine, dsn: Dsn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(dsn.owner, autocommit=True) as owner:
        owner.execute("update schema_marks set mark = 'of an older version'")
    monkeypatch.delenv("SHOMEI_MIGRATION_URL")

    assert "SHOMEI_MIGRATION_URL" in shomei.refusal("migrate")


def test_the_authority_is_made_once(shomei: CommandLine) -> None:
    first = shomei.run("ca", "init")
    shown = shomei.json("ca", "show")

    said = shomei.refusal("ca", "init")

    assert first.exit_code == 0
    assert said == "there is an authority already: nothing was changed"
    assert shomei.json("ca", "show") == shown
    assert set(shown) == {"root", "issuing"}
    assert set(shown["issuing"]) == {"subject", "serial", "not_after", "sha256"}


def test_with_the_authority_the_logs_key_is_made_and_stays(shomei: CommandLine) -> None:
    """R10.4: it is made nowhere else, but by the worker of an older authority."""
    shomei.run("ca", "init")
    made = (shomei.work / "authority" / "log.pem").read_bytes()

    shomei.run("ca", "init")

    assert (shomei.work / "authority" / "log.pem").read_bytes() == made
    assert (shomei.work / "authority" / "log.key").stat().st_mode & 0o777 == 0o600


def test_without_an_authority_it_is_said_how_to_make_one(shomei: CommandLine) -> None:
    assert "run `shomei ca init`" in shomei.refusal("ca", "show")


def test_an_unknown_setting_stops_every_command(shomei: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOMEI_PROT", "8443")

    assert shomei.refusal("ca", "show") == "SHOMEI_PROT is no setting; did you mean SHOMEI_PORT?"


def test_a_setting_that_is_not_allowed_is_not_repeated(shomei: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:geheim99@localhost/x")

    said = shomei.refusal("migrate")

    assert said.startswith("DATABASE_URL has a value that is not allowed")
    assert "geheim99" not in said


def test_a_database_that_was_never_prepared_is_said(
    shomei: CommandLine, monkeypatch: pytest.MonkeyPatch, dsn: Dsn
) -> None:
    monkeypatch.setenv("DATABASE_URL", url(make_conninfo(dsn.process, dbname="postgres")))

    assert shomei.refusal("release", TARO) == "the database has not been prepared: run `shomei migrate`"


def test_no_log_line_holds_a_password_a_name_or_an_address(shomei: CommandLine, with_authority: None) -> None:
    initial = shomei.json(*ORGANIZATION)["initial_password"]
    first = shomei.json(*USER)["password"]
    staff = ("--role", "auditor", "--name", "監査 二郎", "--email", "jiro@example.com", "--p12", "a.p12")
    opening = shomei.json("staff", "add", "audit001", *staff)["password"]

    secrets = [initial, first, opening, "見本", "監査", "@example.com", "a passphrase"]

    assert [secret for secret in secrets if secret in shomei.logged] == []
    assert Path("a.p12").stat().st_mode & 0o777 == 0o600


def test_revoking_may_say_who_asked_and_on_which_paper(
    shomei: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOMEI_APPROVAL", "two_persons")  # which is for the console: here the machine's owner decides
    house.organization()
    house.user()
    house.issue()

    shomei.json("revoke", TARO, "--reason", "lost", "--requested-by", "見本 花子", "--paper-number", "2026-17")

    (entry,) = [each for each in house.store.entries(0, 1000) if isinstance(each.fact, CertificateRevoked)]
    assert isinstance(entry.fact, CertificateRevoked)
    assert entry.fact.paper_number == "2026-17"
    assert house.people.requester(entry.stream, int(entry.fact.request or 0)) == Requester("見本 花子")


@pytest.mark.parametrize(
    ("option", "typed", "said"),
    [
        ("--requested-by", " 見本", "requested_by is not well-formed"),
        ("--paper-number", "２０２６", "paper_number is not well-formed"),
    ],
)
def test_what_is_malformed_is_said_and_not_repeated(
    shomei: CommandLine, house: House, option: str, typed: str, said: str
) -> None:
    house.organization()
    house.user()
    house.issue()

    assert shomei.refusal("revoke", TARO, "--reason", "lost", option, typed) == said
    assert house.certificate().revoked is None


def test_a_token_is_shown_once_listed_and_revoked(shomei: CommandLine, house: House) -> None:
    house.staff()

    made = shomei.json("token", "add", "bank0001", "--days", "30")
    listed = shomei.json("token", "list")["tokens"]
    in_words = shomei.run("token", "list").stdout
    revoked = shomei.json("token", "revoke", made["id"])

    assert listed == [{"id": made["id"], "user_id": "bank0001", "until": made["until"]}]
    assert in_words == f"{made['id']}: bank0001, until {made['until']}\n"
    assert made["token"] not in in_words
    assert revoked == {"id": made["id"], "revoked": True}
    assert shomei.json("token", "list") == {"tokens": []}
    assert "nothing to revoke" in shomei.refusal("token", "revoke", made["id"])


def test_a_token_of_a_customer_or_of_too_many_days_is_refused(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user()
    house.staff()

    assert shomei.refusal("token", "add", TARO)
    assert shomei.run("token", "add", "bank0001", "--days", "91").exit_code == 2
    assert house.desk.tokens.live(house.clock()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("erase", "\udcff"),
        ("audit", "history", "--from", "2026-11-24\udcff10:00"),
        ("audit", "replay", "--as-of", "2026-11-24", "\udcff"),
        ("\udcff",),
    ],
    ids=["argument", "option", "in a group", "command"],
)
def test_a_word_that_is_not_utf_8_is_said_in_one_sentence(shomei: CommandLine, words: tuple[str, ...]) -> None:
    """As the words of a shell come: $'\\xff'."""
    result = shomei.run(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: a word of the command line is not UTF-8\n"
