"""One certificate: planned, signed, recorded in one save; what comes between; the command line's (R1.2, R4.6-R4.9)."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from application.ports import Busy, ProfileViolation, Unavailable
from domain.certificate import CertificateIssued, CertificatePlanned, CertificateRevoked
from domain.errors import (
    AccountIsSuspended,
    AlreadyClosed,
    CertificateStillValid,
    IssuanceIsOver,
    IssuanceIsRunning,
    NotFound,
    PackageGone,
)
from domain.fact import COMMAND_LINE, Fact
from domain.policy import Policy
from domain.user_account import UserAccount
from domain.user_account_facts import AccountBlocked, IssuanceAbandoned
from tests.support.accounts import MILLISECOND
from tests.support.crowd import refusals, together
from tests.support.house import BANK, MASTER, NINE, RENEWAL, RIGHT, TARO, House

STAFF_ID = "bank0001"


def plan(house: House) -> CertificatePlanned:
    (planned,) = [fact for fact in house.every_fact() if isinstance(fact, CertificatePlanned)]
    return planned


def reasons(house: House) -> list[str]:
    return [fact.reason for fact in house.every_fact() if isinstance(fact, IssuanceAbandoned)]


def subject(der: bytes) -> dict[str, str]:
    return {
        part.oid._name: str(part.value)  # the only short name there is
        for part in x509.load_der_x509_certificate(der).subject
    }


def issued_der(house: House) -> bytes:
    return next(fact.der for fact in house.every_fact() if isinstance(fact, CertificateIssued))


# ---- plan, sign, record


def test_the_serial_and_the_bytes_stand_in_the_log_before_anything_is_signed(house: House) -> None:
    at_signing: list[str] = []
    house.between.at("sign", lambda: at_signing.extend(house.kinds()))

    house.issue()

    assert at_signing[-1] == "CertificatePlanned"
    assert house.authority.signed == [plan(house).serial]


def test_what_was_signed_is_what_was_planned(house: House) -> None:
    house.issue()

    planned = plan(house)
    signed = x509.load_der_x509_certificate(issued_der(house)).tbs_certificate_bytes
    assert signed == planned.tbs
    assert sha256(signed).hexdigest() == planned.sha256


def test_the_index_has_the_end_that_was_planned_by_which_lists_forget(house: House) -> None:
    house.issue()

    [row] = house.database.execute("select not_after from certificate_index")
    validity = house.certificate().validity
    assert validity is not None
    assert row["not_after"] == validity.not_after


def test_serial_and_fingerprint_lead_to_the_certificate_once_it_is_issued(house: House) -> None:
    at_signing: list[object] = []
    house.between.at("sign", lambda: at_signing.append(house.index.by_serial(plan(house).serial)))

    house.issue()

    stream = house.index.by_fingerprint(sha256(issued_der(house)).hexdigest())
    assert stream is not None
    assert at_signing == [stream]
    assert house.desk.sessions.shown(house.fingerprint()) == house.certificate()


def test_a_users_certificate_names_the_organization_and_the_user(house: House) -> None:
    house.issue()

    assert subject(issued_der(house)) == {"organizationName": "見本商事株式会社", "commonName": TARO}


@pytest.mark.parametrize("policy", [Policy(mail_when_issued=False)])
def test_by_setting_no_mail_tells_of_the_issue(house: House) -> None:
    house.issue()

    assert house.mails() == []


def test_the_package_follows_the_organizations_profile(house: House) -> None:
    house.desk.organizations.set("ACME01", COMMAND_LINE, NINE, p12_profile="legacy")

    house.issue()

    pbe_with_sha1_and_triple_des = bytes.fromhex("2a864886f70d010c0103")  # RFC 7292 appendix C
    assert pbe_with_sha1_and_triple_des in house.packages.packed[0]


# ---- what came between plan and record


@pytest.mark.parametrize(
    ("meanwhile", "code", "abandoned"),
    [
        (lambda house: house.record(lambda account: [AccountBlocked(at=NINE, by=TARO)]), "blocked", ["blocked"]),
        (lambda house: house.record(lambda account: account.suspend(MASTER, NINE)), "suspended", ["suspended"]),
        (lambda house: house.record(lambda account: account.close("deleted", MASTER, NINE)), "closed", []),
        (
            lambda house: house.desk.revocation.revoke_serial(plan(house).serial, "requested", STAFF_ID, NINE),
            "issuance_over",
            ["issuance_over"],
        ),
    ],
    ids=["blocked", "suspended", "closed", "serial revoked"],
)
def test_who_came_first_leaves_a_planned_serial_and_no_certificate(
    house: House, meanwhile: Callable[[House], None], code: str, abandoned: list[str]
) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.between.at("pack", lambda: meanwhile(house))

    house.work(cookie)

    assert house.certificate().state(NINE) == "planned"
    assert house.index.by_serial(plan(house).serial) is not None
    assert house.desk.issuance.ticket(cookie, NINE).failure == code
    assert reasons(house) == abandoned
    assert "issued" not in house.mails()
    assert (house.tickets.package(cookie), house.tickets.password(cookie)) == (None, RIGHT)


def test_a_lock_that_came_between_does_not_stop_the_issue(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.between.at("pack", lambda: house.fail(6))

    house.work(cookie)

    assert house.certificate().state(NINE) == "live"
    assert house.account().lockout.is_locked(NINE)


def test_the_same_at_the_last_moment_before_the_save(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.between.at(
        "save CertificateIssued", lambda: house.record(lambda account: account.close("deleted", MASTER, NINE))
    )

    house.work(cookie)

    assert house.count("CertificateIssued") == 0
    assert house.count("IssuanceCompleted") == 0
    assert house.desk.issuance.ticket(cookie, NINE).failure == "closed"


def test_the_password_of_step_four_is_gone_with_the_issue(house: House) -> None:
    cookie = house.enter()
    before = house.tickets.password(cookie)
    house.start(cookie)
    house.work(cookie)

    assert (before, house.tickets.password(cookie)) == (RIGHT, None)


def test_a_password_gone_before_the_work_makes_no_certificate(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.database.execute("update tickets set password = null")

    house.work(cookie)

    assert house.count("CertificatePlanned") == 0
    assert reasons(house) == ["ticket_timed_out"]


def test_a_record_without_a_plan_in_its_stream_is_refused(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    certification = house.desk.certification
    prepared = certification.plan(house.account(), 2, TARO, NINE)
    certificate, _ = certification.sign_and_pack(prepared, RIGHT)

    with pytest.raises(IssuanceIsOver):
        certification.record(prepared, certificate, TARO, [], NINE)

    assert house.count("CertificateIssued") == 0


# ---- at the command line


class CutOff(Exception):
    """Stands for the end of the process: nothing of ours answers to it."""


def to_file(house: House) -> bytes:
    return house.desk.certification.issue_to_file(STAFF_ID, RIGHT, COMMAND_LINE, house.clock())


def test_a_staff_certificate_is_recorded_as_delivered_and_opens_with_its_password(house: House) -> None:
    house.staff()

    p12 = to_file(house)

    key, leaf, chain = load_key_and_certificates(p12, RIGHT.encode())
    assert key is not None
    assert leaf is not None
    assert len(chain) == 2
    assert subject(issued_der(house)) == {"organizationName": BANK, "commonName": STAFF_ID}
    assert house.kinds()[-6:] == [
        "CertificatePlanned",
        "CertificateIssued",
        "KeyPackageDelivered",
        "KeyPackageDestroyed",
        "IssuanceCompleted",
        "NotificationRequested",
    ]
    assert house.log_in(user_id=STAFF_ID)


def test_a_staff_certificate_waits_nowhere(house: House) -> None:
    house.staff()

    to_file(house)

    assert house.database.execute("select id from tickets") == []
    with pytest.raises(PackageGone):
        house.certificate(user_id=STAFF_ID).deliver_package(STAFF_ID, NINE)


def test_the_file_is_not_given_out_unless_it_was_recorded(house: House) -> None:
    house.staff()
    house.between.fails_at("save CertificateIssued", Unavailable())

    with pytest.raises(Unavailable):
        to_file(house)

    assert house.certificate(user_id=STAFF_ID).state(NINE) == "planned"


def test_a_second_staff_certificate_waits_for_the_window(house: House) -> None:
    house.staff()
    to_file(house)
    check = house.desk.certification.check_staff

    house.clock.set(RENEWAL - MILLISECOND)
    with pytest.raises(CertificateStillValid):
        check(STAFF_ID, house.clock())
    with pytest.raises(CertificateStillValid):
        to_file(house)
    house.clock.set(RENEWAL)
    check(STAFF_ID, house.clock())

    assert to_file(house)


def test_after_a_revocation_a_staff_certificate_is_made_again(house: House) -> None:
    house.staff()
    to_file(house)
    house.desk.revocation.revoke_user(STAFF_ID, "lost", COMMAND_LINE, NINE)

    house.desk.certification.check_staff(STAFF_ID, NINE)

    assert to_file(house)


@pytest.mark.parametrize("user_id", [TARO, "nobody01"], ids=["a user", "unknown"])
def test_only_staff_are_issued_to_a_file_after_the_check(house: House, user_id: str) -> None:
    with pytest.raises(NotFound):
        house.desk.certification.check_staff(user_id, NINE)


def test_what_a_cut_off_command_line_left_under_way_is_given_up_and_another_may_begin(house: House) -> None:
    house.staff()
    house.between.fails_at("sign", CutOff())
    with pytest.raises(CutOff):
        to_file(house)
    with pytest.raises(IssuanceIsRunning):
        to_file(house)

    house.desk.certification.abandon(STAFF_ID, COMMAND_LINE, NINE)
    house.desk.certification.abandon(STAFF_ID, COMMAND_LINE, NINE)

    assert to_file(house)
    assert reasons(house) == ["cut_off"]


@pytest.mark.parametrize("step", ["key", "sign", "pack", "save CertificateIssued"])
@pytest.mark.parametrize("fault", [Busy, Unavailable, ProfileViolation, PackageGone])
def test_what_fails_at_the_command_line_can_be_repeated_at_once(
    house: House, step: str, fault: Callable[[], Exception]
) -> None:
    house.staff()
    house.between.fails_at(step, fault())

    outcomes = together([lambda: to_file(house)])

    assert refusals(outcomes) == [fault]
    assert reasons(house) == ["package_gone" if fault is PackageGone else "failed"]
    assert to_file(house)


def test_the_command_line_is_named_as_who_issued(house: House) -> None:
    house.staff()
    before = len(house.kinds())

    to_file(house)

    assert house.kinds()[before] == "IssuanceStarted"
    assert {fact.by for fact in house.every_fact()[before:]} == {COMMAND_LINE}


@pytest.mark.parametrize("policy", [Policy(supersede="now")])
def test_the_command_line_is_named_as_who_superseded(house: House) -> None:
    house.staff()
    to_file(house)
    house.clock.set(RENEWAL)

    to_file(house)

    (revoked,) = [fact for fact in house.every_fact() if isinstance(fact, CertificateRevoked)]
    assert (revoked.reason, revoked.by) == ("superseded", COMMAND_LINE)


@pytest.mark.parametrize(
    ("hold", "refusal"),
    [
        (lambda account: account.suspend(MASTER, NINE), AccountIsSuspended),
        (lambda account: account.close("deleted", MASTER, NINE), AlreadyClosed),
    ],
    ids=["suspended", "closed"],
)
def test_whom_no_new_password_would_let_in_is_refused_before_one_is_made(
    house: House, hold: Callable[[UserAccount], list[Fact]], refusal: type[Exception]
) -> None:
    house.staff()
    house.record(hold, STAFF_ID)

    with pytest.raises(refusal):
        house.desk.certification.check_staff(STAFF_ID, NINE)


def test_a_lock_is_no_reason_for_the_new_password_releases(house: House) -> None:
    house.staff()
    house.record(lambda account: [AccountBlocked(at=NINE, by=STAFF_ID)], STAFF_ID)

    house.desk.certification.check_staff(STAFF_ID, NINE)
    house.desk.accounts.reset_password(STAFF_ID, COMMAND_LINE, NINE)

    assert to_file(house)


def test_two_command_lines_at_once_make_one_certificate(house: House, second_house: House) -> None:
    house.staff()

    outcomes = together([lambda: to_file(house), lambda: to_file(second_house)])

    assert house.count("CertificateIssued") == 1
    (refusal,) = refusals(outcomes)
    assert refusal in (IssuanceIsRunning, CertificateStillValid)
