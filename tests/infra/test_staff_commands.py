"""`shomei staff` (screens.md, "Command line"; R1.2): the first certificate of staff, and the one after its end."""

import os
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from application.ports import ProfileViolation, Unavailable
from domain.policy import ISSUANCE_LIMIT
from infra.authority import IssuingAuthority
from infra.certificate_parts import hex_serial
from infra.postgres import Database
from tests.support.command_line import CommandLine
from tests.support.house import BANK, RENEWAL, House

BANK_ADMIN = "bank0001"
ADD = ("staff", "add", BANK_ADMIN, "--role", "bank_admin", "--name", "窓口 一郎", "--email", "ichiro@example.com")
ISSUE = ("staff", "issue", BANK_ADMIN)

pytestmark = pytest.mark.usefixtures("with_authority")


def opened(file: str, password: str) -> pkcs12.PKCS12KeyAndCertificates:
    return pkcs12.load_pkcs12(Path(file).read_bytes(), password.encode())


def test_a_new_member_of_staff_gets_a_p12_that_the_printed_password_opens(shomei: CommandLine, house: House) -> None:
    printed = shomei.json(*ADD, "--p12", "first.p12")

    assert printed == {"user_id": BANK_ADMIN, "password": printed["password"], "p12": "first.p12"}
    found = opened("first.p12", printed["password"])
    assert found.cert is not None
    subject = {name.oid: name.value for name in found.cert.certificate.subject}
    assert (subject[NameOID.COMMON_NAME], subject[NameOID.ORGANIZATION_NAME]) == (BANK_ADMIN, BANK)
    assert hex_serial(found.cert.certificate.serial_number) == house.certificate(1, BANK_ADMIN).serial
    assert len(found.additional_certs) == 2
    assert Path("first.p12").stat().st_mode & 0o777 == 0o600


def test_its_password_also_logs_in_and_must_then_be_changed(shomei: CommandLine, house: House) -> None:
    password = shomei.json(*ADD, "--p12", "first.p12")["password"]

    assert house.log_in(1, BANK_ADMIN, password)
    assert house.account(BANK_ADMIN).must_change_password


def test_what_was_delivered_at_the_command_line_waits_nowhere(shomei: CommandLine, house: House) -> None:
    shomei.run(*ADD, "--p12", "first.p12")

    assert house.kinds()[-5:-1] == [
        "CertificateIssued",
        "KeyPackageDelivered",
        "KeyPackageDestroyed",
        "IssuanceCompleted",
    ]


@pytest.mark.parametrize("command", [ADD, ISSUE])
def test_a_file_that_is_there_is_never_overwritten_and_nothing_is_issued_before_that_is_seen(
    shomei: CommandLine, house: House, command: tuple[str, ...]
) -> None:
    Path("there.p12").write_bytes(b"another")

    said = shomei.refusal(*command, "--p12", "there.p12")

    assert said == "there.p12 is there already, and nothing is overwritten"
    assert Path("there.p12").read_bytes() == b"another"
    assert house.kinds() == []


def test_a_folder_that_is_not_there_is_said_and_nothing_issued(shomei: CommandLine, house: House) -> None:
    assert shomei.refusal(*ADD, "--p12", "none/first.p12") == "none/first.p12: No such file or directory"
    assert house.kinds() == []


def test_a_fault_after_registering_says_how_to_go_on_and_that_works(
    shomei: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(IssuingAuthority, "plan", breaking_a_rule)
        said = shomei.refusal(*ADD, "--p12", "first.p12")

    assert said == (
        "this certificate may not be signed: it breaks the profile's rules (366 days); "
        f"{BANK_ADMIN} is registered: go on with `shomei staff issue {BANK_ADMIN}`"
    )
    assert not Path("first.p12").exists()
    house.clock.advance(ISSUANCE_LIMIT)
    assert opened("first.p12", shomei.json(*ISSUE, "--p12", "first.p12")["password"]).cert


def breaking_a_rule(*_: object) -> NoReturn:
    raise ProfileViolation("366 days")


def test_a_password_is_shown_even_if_leaving_fails_afterwards(
    shomei: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Database.close

    def failing(database: Database) -> None:
        close(database)
        raise Unavailable("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "close", failing)
        result = shomei.run(*ADD, "--p12", "first.p12")

    assert (result.exit_code, result.stderr) == (1, "Error: the database went away\n")
    password = result.stdout.split("password: ")[1].split("\n")[0]
    assert opened("first.p12", password).cert


def test_a_p12_is_written_whole_however_little_a_write_takes(
    shomei: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: write(handle, content[:1000]))

    printed = shomei.json(*ADD, "--p12", "first.p12")

    assert opened("first.p12", printed["password"]).cert


def test_a_refused_command_leaves_no_file(shomei: CommandLine, house: House) -> None:
    house.staff(BANK_ADMIN)

    shomei.refusal(*ADD, "--p12", "first.p12")

    assert not Path("first.p12").exists()


def test_after_a_revocation_staff_are_issued_to_again_with_a_new_password(shomei: CommandLine, house: House) -> None:
    first = shomei.json(*ADD, "--p12", "first.p12")["password"]
    shomei.run("revoke", BANK_ADMIN, "--reason", "lost")

    printed = shomei.json(*ISSUE, "--p12", "second.p12")

    assert printed["password"] != first
    assert opened("second.p12", printed["password"]).key is not None
    assert house.log_in(2, BANK_ADMIN, printed["password"])
    assert house.account(BANK_ADMIN).must_change_password


def test_while_a_certificate_lives_issue_changes_nothing(shomei: CommandLine, house: House) -> None:
    password = shomei.json(*ADD, "--p12", "first.p12")["password"]
    before = house.kinds()
    house.clock.set(RENEWAL - timedelta(seconds=1))

    said = shomei.refusal(*ISSUE, "--p12", "second.p12")

    assert said == "a certificate is still valid and not in its renewal window: revoke it first"
    assert house.kinds() == before
    assert opened("first.p12", password).key is not None
    assert not Path("second.p12").exists()


def test_in_its_renewal_window_issue_makes_another(shomei: CommandLine, house: House) -> None:
    shomei.run(*ADD, "--p12", "first.p12")
    house.clock.set(RENEWAL)

    printed = shomei.json(*ISSUE, "--p12", "second.p12")

    assert opened("second.p12", printed["password"]).key is not None


def test_who_is_not_staff_is_refused_before_anything_changes(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user("taro0001")
    before = house.kinds()

    said = shomei.refusal("staff", "issue", "taro0001", "--p12", "first.p12")

    assert said == "no such member of staff"
    assert house.kinds() == before
    assert not Path("first.p12").exists()


def test_a_role_of_customers_is_not_taken(shomei: CommandLine) -> None:
    result = shomei.run("staff", "add", BANK_ADMIN, "--role", "master", *ADD[5:], "--p12", "first.p12")

    assert result.exit_code == 2
    assert "'master' is not one of 'bank_admin', 'auditor'" in result.stderr


# ---- release, reset, close


def lock(house: House) -> None:
    """Six wrong passwords at the log-in: at ④ staff are unknown."""
    for _ in range(6):
        house.record(lambda account: account.fail_password("login", house.clock()), BANK_ADMIN)
    assert house.account(BANK_ADMIN).hold(house.clock()) is not None


def test_a_locked_member_of_staff_is_released(shomei: CommandLine, house: House) -> None:
    house.staff(BANK_ADMIN)
    lock(house)

    printed = shomei.json("staff", "release", BANK_ADMIN)
    again = shomei.json("staff", "release", BANK_ADMIN)

    assert printed == {"user_id": BANK_ADMIN, "released": True}
    assert again == {"user_id": BANK_ADMIN, "released": False}
    assert house.account(BANK_ADMIN).hold(house.clock()) is None


def test_a_reset_prints_a_new_first_password_once_and_leaves_the_certificate(shomei: CommandLine, house: House) -> None:
    first = shomei.json(*ADD, "--p12", "first.p12")["password"]
    session = house.log_in(1, BANK_ADMIN, first)

    printed = shomei.json("staff", "reset", BANK_ADMIN)

    assert printed == {"user_id": BANK_ADMIN, "password": printed["password"]}
    assert printed["password"] != first
    assert house.sessions.find(session).ended == "reset"  # type: ignore[union-attr]  # it was opened above
    assert house.log_in(1, BANK_ADMIN, printed["password"])
    assert house.account(BANK_ADMIN).must_change_password


def test_a_reset_also_releases(shomei: CommandLine, house: House) -> None:
    house.staff(BANK_ADMIN)
    lock(house)

    shomei.json("staff", "reset", BANK_ADMIN)

    assert house.account(BANK_ADMIN).hold(house.clock()) is None


def test_closing_ends_certificate_log_in_and_token(shomei: CommandLine, house: House) -> None:
    password = shomei.json(*ADD, "--p12", "first.p12")["password"]
    session = house.log_in(1, BANK_ADMIN, password)
    shomei.run("token", "add", BANK_ADMIN)

    printed = shomei.json("staff", "close", BANK_ADMIN)

    assert printed == {"user_id": BANK_ADMIN, "serials": [house.certificate(1, BANK_ADMIN).serial]}
    assert house.account(BANK_ADMIN).closed
    assert house.certificate(1, BANK_ADMIN).revoked == "closed"
    assert house.sessions.find(session).ended == "closed"  # type: ignore[union-attr]  # it was opened above


@pytest.mark.parametrize("command", ["release", "reset", "close"])
def test_who_is_closed_stays_closed(shomei: CommandLine, house: House, command: str) -> None:
    house.staff(BANK_ADMIN)
    shomei.json("staff", "close", BANK_ADMIN)

    assert shomei.refusal("staff", command, BANK_ADMIN) == f"{BANK_ADMIN} is closed"


@pytest.mark.parametrize("command", ["release", "reset", "close"])
@pytest.mark.parametrize("user_id", ["taro0001", "nobody01"])
def test_customers_are_as_unknown_as_strangers(shomei: CommandLine, house: House, command: str, user_id: str) -> None:
    house.organization()
    house.user("taro0001")
    before = house.kinds()

    said = shomei.refusal("staff", command, user_id)

    assert said == "no such member of staff"
    assert house.kinds() == before
