"""`shomei staff` (screens.md, "Command line"; R1.2): the first certificate of staff, and the one after its end."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from infra.certificate_parts import hex_serial
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
