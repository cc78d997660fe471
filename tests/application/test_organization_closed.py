"""An organization closed by the bank: its accounts, certificates and invitation, and its code, for ever (R6.4)."""

from collections.abc import Callable
from functools import partial

import pytest

from application.streams import load_organization
from domain.certificate import CertificateRevoked
from domain.errors import (
    AccountIsClosed,
    AlreadyClosed,
    NotFound,
    OrganizationCodeTaken,
    OrganizationIsClosed,
    PackageGone,
    SessionEnded,
    TicketMissing,
)
from domain.policy import Policy
from domain.user_account_facts import AccountClosed
from tests.application.test_row_order import in_order
from tests.support.accounts import MINUTE, fact
from tests.support.applicants import letter_to
from tests.support.crowd import refusals, together
from tests.support.house import NINE, RENEWAL, RIGHT, TARO, House

ADMIN = "bank0001"
CODE = "ACME01"  # the house's own, with taro0001
HANAKO = "hanako01"
JIRO = "jiro0001"


def close(house: House, code: str = CODE) -> list[str]:
    return house.desk.organizations.close(code, ADMIN, house.clock())


def register(house: House, user_id: str = JIRO, role: str = "general") -> str:
    kind = house.desk.accounts.register
    return kind(user_id, role, CODE, "見本 次郎", "jiro@example.com", ADMIN, house.clock())  # type: ignore[arg-type]  # a Role


@pytest.fixture
def staffed(house: House) -> House:
    """A master and two general users, the master and taro0001 with a certificate."""
    register(house, HANAKO, "master")
    house.own_password(HANAKO, RIGHT)
    register(house, JIRO)
    for user_id in (TARO, HANAKO):
        house.issue(user_id)
    return house


# ---- what ends


def test_the_closing_of_organization_accounts_and_certificates_is_one_save(staffed: House) -> None:
    staffed.clock.advance(MINUTE)
    before = len(staffed.every_fact())

    serials = close(staffed)

    now, facts = NINE + MINUTE, staffed.every_fact()[before:]
    assert facts[0] == fact("OrganizationClosed", now, by=ADMIN)
    closed = [each for each in facts if isinstance(each, AccountClosed)]
    revoked = [each for each in facts if isinstance(each, CertificateRevoked)]
    assert closed == [fact("AccountClosed", now, by=ADMIN, reason="organization_closed")] * 3
    assert [(each.serial, each.reason) for each in revoked] == [(each, "closed") for each in serials]
    assert serials == [staffed.certificate(user_id=each).serial for each in (HANAKO, TARO)]
    assert len(facts) == 1 + 3 + 2 + 2  # the closing, accounts, certificates, and the p12s that waited
    assert all(staffed.account(user_id).closed for user_id in (TARO, HANAKO, JIRO))
    written = staffed.between.written[-1]
    assert in_order(written)
    assert set(written) == {"sessions", "tickets", "issuance_codes"}


def test_a_fault_in_that_save_leaves_everything_as_it_was(staffed: House) -> None:
    before = staffed.kinds()
    staffed.between.fails_at("save OrganizationClosed", RuntimeError("the power is cut"))

    with pytest.raises(RuntimeError):
        close(staffed)

    assert staffed.kinds() == before
    assert staffed.log_in()


def test_all_who_were_logged_in_are_told_that_their_accounts_are_closed(staffed: House) -> None:
    opened = [(user_id, staffed.log_in(user_id=user_id)) for user_id in (TARO, HANAKO)]

    close(staffed)

    for user_id, session in opened:
        with pytest.raises(SessionEnded) as refusal:
            staffed.desk.sessions.visitor(session, staffed.fingerprint(user_id=user_id), NINE)
        assert refusal.value.reason == "closed"


def test_waiting_p12s_and_open_tickets_are_gone(house: House) -> None:
    register(house, JIRO)
    house.own_password(JIRO, RIGHT)
    waiting, ticket = house.issue(), house.enter(JIRO)

    close(house)

    with pytest.raises(PackageGone):
        house.desk.delivery.fetch(waiting, NINE)
    with pytest.raises(TicketMissing):
        house.start(ticket)
    assert (house.tickets.package(waiting), house.tickets.password(ticket)) == (None, None)


def test_both_certificates_of_one_who_renewed_are_revoked(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()

    assert set(close(house)) == {house.certificate(1).serial, house.certificate(2).serial}


def test_an_issue_under_way_leaves_no_certificate(house: House) -> None:
    ticket = house.enter()
    house.start(ticket)
    house.between.at("save CertificateIssued", lambda: close(house) and None)

    house.work(ticket)

    assert house.count("CertificateIssued") == 0


@pytest.mark.parametrize("policy", [Policy(mail_when_revoked=True), Policy()], ids=["with mail", "without"])
def test_by_setting_a_mail_a_certificate_tells_of_it(staffed: House, policy: Policy) -> None:
    close(staffed)

    assert staffed.mails().count("revoked") == 2 * policy.mail_when_revoked


def test_who_was_closed_before_is_not_closed_again(staffed: House) -> None:
    staffed.desk.accounts.close(TARO, "deleted", HANAKO, NINE)

    close(staffed)

    assert staffed.count("AccountClosed") == 3
    assert staffed.count("OrganizationClosed") == 1


def test_a_former_master_is_not_closed_again(staffed: House) -> None:
    staffed.desk.organizations.initialize(CODE, ADMIN, NINE)

    close(staffed)

    assert staffed.count("AccountClosed") == 3


def test_another_organization_goes_on(house: House) -> None:
    letter = letter_to(house)

    close(house)

    letter.register(letter.proposed())
    assert letter.organization().master is not None


# ---- for ever


@pytest.mark.parametrize("code", ["ACME01", "acme01", "AcMe01"])
def test_its_code_is_never_used_again_in_any_case(house: House, code: str) -> None:
    close(house)

    with pytest.raises(OrganizationCodeTaken):
        house.organization(code)


def test_its_letter_lets_nobody_in(house: House) -> None:
    letter = letter_to(house, "BETA01")
    browser = letter.proposed()

    close(house, "beta01")

    with pytest.raises(OrganizationIsClosed):
        letter.enter()
    with pytest.raises(OrganizationIsClosed):
        letter.register(browser)
    assert house.count("MasterRegistered") == 0


@pytest.mark.parametrize("role", ["general", "master"])
def test_nobody_is_registered_in_it(house: House, role: str) -> None:
    close(house)

    with pytest.raises(AlreadyClosed):
        register(house, JIRO, role)

    assert house.count("UserRegistered") == 1


def test_nobody_of_it_enters(house: House) -> None:
    close(house)

    with pytest.raises(AccountIsClosed):
        house.enter()


ACTS: dict[str, Callable[[House], object]] = {
    "close": close,
    "release": lambda house: house.desk.organizations.release(CODE, ADMIN, NINE),
    "set": lambda house: house.desk.organizations.set(CODE, ADMIN, NINE, language="en"),
    "initialize": lambda house: house.desk.organizations.initialize(CODE, ADMIN, NINE),
}


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_to_it_any_more(house: House, act: str) -> None:
    close(house)
    before = house.kinds()

    with pytest.raises(AlreadyClosed):
        ACTS[act](house)

    assert house.kinds() == before


def test_what_is_unknown_is_not_closed(house: House) -> None:
    with pytest.raises(NotFound, match="organization"):
        close(house, "NOSUCH")


# ---- at the same moment


def test_who_is_registered_meanwhile_is_closed_too(house: House) -> None:
    house.between.at("save OrganizationClosed", lambda: register(house) and None)

    close(house)

    assert house.account(JIRO).closed


def test_who_would_be_registered_after_it_is_refused(house: House) -> None:
    house.between.at("save UserRegistered", lambda: close(house) and None)

    with pytest.raises(AlreadyClosed):
        register(house)

    assert house.count("UserRegistered") == 1


def test_whoever_is_registered_at_the_same_moment_is_either_refused_or_closed(
    house: House, second_house: House
) -> None:
    users = [f"jiro{number:04}" for number in range(4)]

    acts: list[Callable[[], object]] = [partial(close, house)]
    acts += [partial(register, second_house, user) for user in users]
    outcomes = together(acts)

    left_open = load_organization(house.store, CODE).state.users
    registered = [user for user, outcome in zip(users, outcomes[1:], strict=True) if isinstance(outcome, str)]
    assert set(refusals(outcomes)) <= {AlreadyClosed}
    assert set(left_open) == {TARO, *registered}
    assert all(house.account(user).closed for user in left_open)


def test_it_is_closed_once(house: House, second_house: House) -> None:
    house.issue()

    outcomes = together([lambda: close(house), lambda: close(second_house)])

    assert refusals(outcomes) == [AlreadyClosed]
    assert (house.count("OrganizationClosed"), house.count("CertificateRevoked")) == (1, 1)


def test_a_letter_used_at_the_same_moment_leaves_no_open_master(house: House) -> None:
    letter = letter_to(house)
    browser = letter.proposed()
    house.between.at("save OrganizationClosed", lambda: letter.register(browser))

    close(house, letter.code)

    master = letter.organization().master
    assert master is not None
    assert house.account(master).closed
