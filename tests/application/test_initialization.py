"""A master initialized: its account ends with all that hangs on it, and a new letter begins (R7.4)."""

import pytest

from application.streams import load_certificate
from domain.certificate import CertificateRevoked, certificate_stream
from domain.credentials import organization_stream
from domain.errors import (
    AccountIsClosed,
    AlreadyClosed,
    InvalidInput,
    InvitationExpired,
    InvitationReplaced,
    NotFound,
    PackageGone,
    SessionEnded,
    TicketMissing,
    UserIdTaken,
    WrongPassword,
)
from domain.policy import Policy
from tests.application.test_row_order import in_order
from tests.support.accounts import DAY, MINUTE, fact
from tests.support.applicants import CODE, OWN_PASSWORD, Letter, letter_to
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, RIGHT, TARO, House

ADMIN = "bank0001"
ANOTHER = "jiro0002"


@pytest.fixture
def letter(house: House) -> Letter:
    return letter_to(house)


@pytest.fixture
def used(letter: Letter) -> Letter:
    """The master has registered by it."""
    letter.register(letter.proposed())
    return letter


def initialize(house: House, code: str = CODE) -> str:
    return house.desk.organizations.initialize(code, ADMIN, house.clock())


# ---- what ends


def test_account_certificate_and_new_letter_are_one_save(house: House, used: Letter) -> None:
    house.issue(MASTER, OWN_PASSWORD)
    serial = house.certificate(user_id=MASTER).serial
    house.clock.advance(MINUTE)
    before = len(house.every_fact())

    initialize(house)

    now = NINE + MINUTE
    initialized, invited, closed, revoked, destroyed = house.every_fact()[before:]
    assert initialized == fact("MasterInitialized", now, by=ADMIN, user_id=MASTER)
    assert invited == fact("MasterInvited", now, by=ADMIN, credential=2, password_until=now + 80 * DAY)
    assert closed == fact("AccountClosed", now, by=ADMIN, reason="initialized")
    assert revoked == CertificateRevoked(at=now, by=ADMIN, serial=str(serial), reason="closed")
    assert destroyed == fact("KeyPackageDestroyed", now, by=ADMIN, reason="revoked")
    written = house.between.written[-1]
    assert in_order(written)
    assert set(written) == {"sessions", "tickets", "issuance_codes", "vault_verifiers"}


def test_a_fault_in_that_save_leaves_master_and_letter_as_they_were(house: House, used: Letter) -> None:
    house.issue(MASTER, OWN_PASSWORD)
    before = house.kinds()
    house.between.fails_at("save MasterInitialized", RuntimeError("the power is cut"))

    with pytest.raises(RuntimeError):
        initialize(house)

    assert house.kinds() == before
    assert house.passwords.matches(organization_stream(CODE), 1, used.password)
    assert house.log_in(user_id=MASTER, password=OWN_PASSWORD)


def test_who_was_logged_in_is_told_that_the_account_is_closed(house: House, used: Letter) -> None:
    house.issue(MASTER, OWN_PASSWORD)
    session = house.log_in(user_id=MASTER, password=OWN_PASSWORD)

    initialize(house)

    with pytest.raises(SessionEnded) as refusal:
        house.desk.sessions.visitor(session, house.fingerprint(user_id=MASTER), NINE)
    assert refusal.value.reason == "closed"


def test_a_p12_that_waited_is_destroyed(house: House, used: Letter) -> None:
    waiting = house.issue(MASTER, OWN_PASSWORD)

    initialize(house)

    with pytest.raises(PackageGone):
        house.desk.delivery.fetch(waiting, NINE)
    assert house.tickets.package(waiting) is None


def test_a_ticket_is_forgotten_with_the_password_in_it(house: House, used: Letter) -> None:
    ticket = house.enter(MASTER, OWN_PASSWORD)

    initialize(house)

    with pytest.raises(TicketMissing):
        house.start(ticket)
    assert house.tickets.password(ticket) is None


def test_an_issue_under_way_leaves_its_planned_serial_and_no_certificate(house: House, used: Letter) -> None:
    ticket = house.enter(MASTER, OWN_PASSWORD)
    house.start(ticket)
    house.between.at("save CertificateIssued", lambda: initialize(house) and None)

    house.work(ticket)

    (planned,) = house.certificate(user_id=MASTER).plans
    assert house.index.by_serial(planned) == certificate_stream(MASTER, 1)
    assert house.count("CertificateIssued") == 0


def test_the_general_users_go_on(house: House) -> None:
    house.issue()
    session = house.log_in()

    initialize(house, "ACME01")

    assert not house.account().closed
    assert house.desk.sessions.visitor(session, house.fingerprint(), NINE).user_id == TARO


@pytest.mark.parametrize("policy", [Policy(mail_when_revoked=True), Policy()], ids=["with mail", "without"])
def test_by_setting_a_mail_tells_the_master_of_it(house: House, used: Letter, policy: Policy) -> None:
    house.issue(MASTER, OWN_PASSWORD)

    initialize(house)

    assert house.mails().count("revoked") == policy.mail_when_revoked


# ---- what begins


def test_the_new_letter_registers_another_master_and_the_old_letter_nobody(house: House, used: Letter) -> None:
    new = Letter(house, initialize(house))

    with pytest.raises(WrongPassword):
        used.enter()
    new.register(new.proposed(user_id=ANOTHER))

    assert new.organization().master == ANOTHER
    assert house.issue(ANOTHER, OWN_PASSWORD)
    with pytest.raises(AccountIsClosed):
        house.enter(MASTER, OWN_PASSWORD)


def test_the_new_letter_is_good_for_eighty_days_from_now(house: House, used: Letter) -> None:
    house.clock.advance(200 * DAY)
    new = Letter(house, initialize(house))

    house.clock.advance(80 * DAY - MINUTE)
    assert new.enter()
    house.clock.advance(MINUTE)
    with pytest.raises(InvitationExpired):
        new.enter()


def test_the_former_masters_user_id_is_not_used_again(house: House, used: Letter) -> None:
    new = Letter(house, initialize(house))

    with pytest.raises(InvalidInput) as refusal:
        new.proposed(user_id=MASTER)
    with pytest.raises(UserIdTaken):
        house.desk.accounts.register(MASTER, "master", CODE, "見本 花子", "hanako@example.com", ADMIN, NINE)
    assert refusal.value.faults == {"user_id": "taken"}


def test_the_former_masters_history_is_kept(house: House, used: Letter) -> None:
    house.issue(MASTER, OWN_PASSWORD)
    before = house.every_fact()

    initialize(house)

    assert house.every_fact()[: len(before)] == before
    assert load_certificate(house.store, certificate_stream(MASTER, 1)) is not None


def test_the_bank_may_register_the_next_master_itself(house: House, used: Letter) -> None:
    initialize(house)

    house.desk.accounts.register(ANOTHER, "master", CODE, "見本 次郎", "jiro@example.com", ADMIN, NINE)

    assert used.organization().master == ANOTHER


# ---- before the letter was used


def test_again_before_the_letter_is_used_only_the_last_letter_is_good(house: House, letter: Letter) -> None:
    second, third = Letter(house, initialize(house)), Letter(house, initialize(house))

    for dead in (letter, second):
        with pytest.raises(WrongPassword):
            dead.enter()
    third.register(third.proposed())

    initialized = [each for each in house.every_fact() if type(each).__name__ == "MasterInitialized"]
    assert initialized == [fact("MasterInitialized", NINE, by=ADMIN, user_id=None)] * 2
    assert house.count("AccountClosed") == 0


def test_a_browser_let_in_by_the_former_letter_registers_nobody(house: House, letter: Letter) -> None:
    browser = letter.proposed()

    initialize(house)

    with pytest.raises(InvitationReplaced):
        letter.register(browser)
    assert house.count("MasterRegistered") == 0


def test_a_blocked_letter_is_replaced_by_one_that_can_be_tried(house: House, letter: Letter) -> None:
    for _ in range(3):
        letter.fail(6)
        house.clock.advance(60 * MINUTE)

    new = Letter(house, initialize(house))

    assert new.enter()


def test_a_master_who_registers_meanwhile_ends_too(house: House, letter: Letter) -> None:
    browser = letter.proposed()
    house.between.at("save MasterInitialized", lambda: letter.register(browser))

    new = Letter(house, initialize(house))

    assert house.account(MASTER).closed
    assert new.organization().master is None
    assert new.enter()


def test_of_two_at_once_the_last_letter_is_good_and_one_account_closed(
    house: House, second_house: House, used: Letter
) -> None:
    outcomes = together([lambda: initialize(house), lambda: initialize(second_house)])

    good = [house.passwords.matches(organization_stream(CODE), 3, str(password)) for password in outcomes]
    assert refusals(outcomes) == []
    assert sorted(good) == [False, True]
    assert house.count("AccountClosed") == 1


def test_an_initialization_between_the_organization_and_its_master_is_seen(
    house: House, second_house: House, used: Letter
) -> None:
    house.between.at("load", lambda: None)  # the organization
    house.between.at("load", lambda: initialize(second_house) and None)  # its master's account

    password = initialize(house)

    assert house.passwords.matches(organization_stream(CODE), 3, password)
    assert (house.count("MasterInitialized"), house.count("AccountClosed")) == (2, 1)


# ---- refused


def test_a_closed_organization_is_not_initialized(house: House, used: Letter) -> None:
    house.desk.organizations.close(CODE, ADMIN, NINE)

    with pytest.raises(AlreadyClosed):
        initialize(house)

    assert house.count("MasterInitialized") == 0


def test_what_is_unknown_is_not_initialized(house: House) -> None:
    with pytest.raises(NotFound, match="organization"):
        initialize(house, "NOSUCH")


def test_it_is_named_in_any_case(house: House, used: Letter) -> None:
    initialize(house, CODE.lower())

    assert used.organization().master is None
    assert house.account(MASTER).closed
    assert house.user(ANOTHER, RIGHT)
