"""Ending certificates on the bank's word: all of the user's, or only the one named (R4.8-R4.10, R9.2)."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from application.ports import Unavailable
from domain.certificate import REASONS, Reason
from domain.credentials import account_stream
from domain.errors import NotFound, NothingToRevoke, TicketMissing
from domain.policy import Policy
from domain.user_account_facts import CertificateEnded, IssuanceAbandoned
from tests.support.crowd import refusals, together
from tests.support.house import NINE, OVER, RENEWAL, TARO, House

BANK_ADMIN = "bank0001"
ENDING_ALL = [reason for reason in REASONS if reason != "not_imported"]


def renewed(house: House) -> None:
    """Two live certificates: the old one in its window, and its successor not used yet."""
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()


def states(house: House) -> list[str]:
    return [house.certificate(number).state(house.clock()) for number in (1, 2)]


def serial(house: House, number: int) -> str:
    return str(house.certificate(number).serial)


# ---- by user


@pytest.mark.parametrize("reason", ENDING_ALL)
def test_most_reasons_end_all_certificates_of_the_user(house: House, reason: Reason) -> None:
    renewed(house)

    ended = house.desk.revocation.revoke_user(TARO, reason, BANK_ADMIN, RENEWAL)

    assert states(house) == ["revoked", "revoked"]
    assert ended == [serial(house, 2), serial(house, 1)]


def test_a_p12_not_imported_ends_the_newest_alone(house: House) -> None:
    renewed(house)

    house.desk.revocation.revoke_user(TARO, "not_imported", BANK_ADMIN, RENEWAL)

    assert states(house) == ["live", "revoked"]


def test_who_has_no_live_certificate_has_nothing_to_revoke(house: House) -> None:
    with pytest.raises(NothingToRevoke):
        house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE)
    house.issue()
    with pytest.raises(NothingToRevoke):
        house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, OVER)

    assert house.count("CertificateRevoked") == 0


@pytest.mark.parametrize("user_id", ["nobody01", "Taro0001"])
def test_an_unknown_user_has_nothing_that_could_be_revoked(house: House, user_id: str) -> None:
    with pytest.raises(NotFound):
        house.desk.revocation.revoke_user(user_id, "lost", BANK_ADMIN, NINE)


def test_of_two_admins_who_revoke_at_once_one_is_told_it_was_done(house: House, second_house: House) -> None:
    house.issue()

    outcomes = together(
        [
            lambda: house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE),
            lambda: second_house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE),
        ]
    )

    assert refusals(outcomes) == [NothingToRevoke]
    assert house.count("CertificateRevoked") == 1


# ---- by serial


@pytest.mark.parametrize("reason", ENDING_ALL)
def test_a_serial_ends_the_users_other_certificates_too(house: House, reason: Reason) -> None:
    renewed(house)

    ended = house.desk.revocation.revoke_serial(serial(house, 1), reason, BANK_ADMIN, RENEWAL)

    assert ended == (TARO, [serial(house, 1), serial(house, 2)])
    assert states(house) == ["revoked", "revoked"]


def test_a_p12_not_imported_ends_the_serial_named_alone(house: House) -> None:
    renewed(house)

    house.desk.revocation.revoke_serial(serial(house, 2), "not_imported", BANK_ADMIN, RENEWAL)

    assert states(house) == ["live", "revoked"]


@pytest.mark.parametrize("written", [str.lower, lambda serial: serial.lstrip("0"), "00".__add__])
def test_a_serial_is_taken_in_either_case_and_with_any_leading_zeros(
    house: House, monkeypatch: pytest.MonkeyPatch, written: Callable[[str], str]
) -> None:
    monkeypatch.setattr("cryptography.x509.random_serial_number", lambda: 0x0A << 152)  # one in eight begins so
    house.issue()

    house.desk.revocation.revoke_serial(written(serial(house, 1)), "lost", BANK_ADMIN, NINE)

    assert house.certificate().state(NINE) == "revoked"


def test_an_unknown_serial_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        house.desk.revocation.revoke_serial("00FF", "lost", BANK_ADMIN, NINE)


def test_a_certificate_is_not_revoked_twice_by_its_serial(house: House) -> None:
    house.issue()
    house.desk.revocation.revoke_serial(serial(house, 1), "lost", BANK_ADMIN, NINE)

    with pytest.raises(NothingToRevoke):
        house.desk.revocation.revoke_serial(serial(house, 1), "lost", BANK_ADMIN, NINE)


def test_a_certificate_that_ended_is_not_revoked_together_with_the_live_one(house: House) -> None:
    house.issue()
    house.clock.set(OVER)
    house.issue()

    assert house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, OVER) == [serial(house, 2)]


# ---- an issue that runs, or could (R9.2, style 16)


def renewing(house: House) -> str:
    """One live certificate in its window, and 発行 pressed for the next; returns the ticket's cookie."""
    house.issue()
    house.clock.set(RENEWAL)
    cookie = house.enter()
    house.start(cookie)
    return cookie


def abandoned(house: House) -> list[tuple[int, str, str]]:
    return [(fact.number, fact.reason, fact.by) for fact in house.every_fact() if isinstance(fact, IssuanceAbandoned)]


def test_an_issue_that_is_done_while_the_bank_revokes_is_revoked_too(house: House) -> None:
    cookie = renewing(house)
    house.between.at("save CertificateRevoked", lambda: house.work(cookie))

    ended = house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, RENEWAL)

    assert ended == [serial(house, 2), serial(house, 1)]
    assert states(house) == ["revoked", "revoked"]


def test_a_revocation_while_an_issue_is_recorded_leaves_no_certificate(house: House) -> None:
    cookie = renewing(house)
    house.between.at(
        "save CertificateIssued", lambda: house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, RENEWAL)
    )

    house.work(cookie)

    assert states(house) == ["revoked", "planned"]
    assert abandoned(house) == [(2, "revoked", BANK_ADMIN)]


def test_the_issue_under_way_ends_with_the_certificates_also_by_serial(house: House) -> None:
    cookie = renewing(house)

    ended = house.desk.revocation.revoke_serial(serial(house, 1), "lost", BANK_ADMIN, RENEWAL)
    house.work(cookie)

    assert ended == (TARO, [serial(house, 1)])
    assert house.count("CertificateIssued") == 1
    assert abandoned(house) == [(2, "revoked", BANK_ADMIN)]


def test_a_first_issue_under_way_ends_though_there_is_no_certificate_yet(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)

    ended = house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE)
    house.work(cookie)

    assert ended == []
    assert house.count("CertificateIssued") == 0
    assert house.account().running is None


def test_a_ticket_opened_before_the_revocation_starts_nothing_any_more(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    cookie = house.enter()

    house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, RENEWAL)

    with pytest.raises(TicketMissing):
        house.start(cookie)
    assert house.tickets.password(cookie) is None


def test_a_p12_not_imported_leaves_the_issue_under_way_and_the_ticket_alone(house: House) -> None:
    cookie = renewing(house)

    house.desk.revocation.revoke_user(TARO, "not_imported", BANK_ADMIN, RENEWAL)
    house.work(cookie)

    assert states(house) == ["revoked", "live"]


def test_what_the_bank_ended_stands_on_the_accounts_own_timeline(house: House) -> None:
    renewed(house)

    house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, RENEWAL)

    told = [fact for fact in house.store.load(account_stream(TARO)) if isinstance(fact, CertificateEnded)]
    assert [(fact.serial, fact.reason, fact.by) for fact in told] == [
        (serial(house, 2), "lost", BANK_ADMIN),
        (serial(house, 1), "lost", BANK_ADMIN),
    ]


# ---- a planned serial (R4.9)


def left_over(house: House) -> tuple[str, str]:
    """A crash left a plan beside the certificate of the same issue: the plan's serial, and the ticket's cookie."""
    cookie = house.enter()
    house.start(cookie)
    house.between.fails_at("sign", Unavailable())
    with suppress(Unavailable):
        house.work(cookie)
    house.work(cookie)
    return house.certificate().plans[0], cookie


def test_a_planned_serial_can_be_revoked_and_neither_certificate_nor_session_nor_package_ends_with_it(
    house: House,
) -> None:
    plan, cookie = left_over(house)
    session = house.log_in()

    ended = house.desk.revocation.revoke_serial(plan, "requested", BANK_ADMIN, NINE)

    assert ended == (TARO, [plan])
    assert house.certificate().state(NINE) == "live"
    assert house.desk.sessions.visitor(session, house.fingerprint(), NINE).user_id == TARO
    assert house.desk.delivery.fetch(cookie, NINE)[1]


@pytest.mark.parametrize("policy", [Policy(mail_when_revoked=True)])
def test_no_mail_tells_of_a_planned_serial(house: House) -> None:
    plan, _ = left_over(house)

    house.desk.revocation.revoke_serial(plan, "requested", BANK_ADMIN, NINE)

    assert "revoked" not in house.mails()


# ---- what else


@pytest.mark.parametrize(
    ("policy", "mails"),
    [(Policy(), []), (Policy(mail_when_revoked=True), ["revoked", "revoked"])],
    ids=["without", "with mail"],
)
def test_by_setting_one_mail_a_certificate_tells_of_the_revocation(house: House, mails: list[str]) -> None:
    renewed(house)

    house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, RENEWAL)

    assert [kind for kind in house.mails() if kind != "issued"] == mails
