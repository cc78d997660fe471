"""Accounts from outside: registered, reset, released (R2.2, R2.4, R3.6)."""

import pytest

from application.ports import Contact
from domain.credentials import account_stream
from domain.errors import (
    AccountIsLocked,
    AlreadyClosed,
    InvalidInput,
    MasterExists,
    NotFound,
    NothingToRelease,
    SessionEnded,
    TicketMissing,
    UserIdTaken,
    WrongPassword,
)
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from domain.user_account_facts import PasswordAccepted, UserRegistered
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, RIGHT, TARO, WRONG, House

# ---- registered


def test_a_registered_user_enters_with_the_first_password_and_owes_a_change(house: House) -> None:
    first = house.register("jiro0001")

    assert house.enter("jiro0001", first)
    assert house.account("jiro0001").must_change_password


def test_a_registration_keeps_name_and_address_in_the_vault_and_only_a_commitment_in_the_log(house: House) -> None:
    house.register("jiro0001")

    registered = house.store.load(account_stream("jiro0001"))[0]
    assert house.people.of(account_stream("jiro0001"), 1) == Contact("見本 太郎", "taro@example.com")
    assert isinstance(registered, UserRegistered)
    assert len(registered.commitment) == 64
    assert "taro@example.com" not in str(registered)


def test_the_organization_is_told_of_a_general_user_in_the_same_save(house: House) -> None:
    before = len(house.kinds())

    house.register("jiro0001")

    assert house.kinds()[before:] == ["UserRegistered", "GeneralUserRegistered"]


@pytest.mark.parametrize("user_id", ["taro0001", "Taro0001", "TARO0001"])
def test_a_user_id_is_taken_whatever_its_case(house: House, user_id: str) -> None:
    before = house.kinds()

    with pytest.raises(UserIdTaken):
        house.register(user_id)

    assert house.kinds() == before


def test_a_closed_users_id_is_not_given_again(house: House) -> None:
    house.record(lambda account: account.close("deleted", MASTER, NINE))

    with pytest.raises(UserIdTaken):
        house.register(TARO)


def test_of_many_who_register_one_user_id_at_once_one_gets_it(house: House, second_house: House) -> None:
    outcomes = together(
        [lambda: house.register("jiro0001"), lambda: second_house.register("JIRO0001")] * 3,
    )

    assert refusals(outcomes) == [UserIdTaken] * 5
    assert house.count("UserRegistered") == 2


def test_the_first_password_that_was_told_is_the_one_that_was_kept(house: House, second_house: House) -> None:
    outcomes = together([lambda: house.register("jiro0001"), lambda: second_house.register("jiro0001")])

    (told,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert house.enter("jiro0001", told)


@pytest.mark.parametrize(
    ("user_id", "name", "email", "fields"),
    [
        ("jiro", "見本 次郎", "jiro@example.com", {"user_id"}),
        ("jiro0001", "", "jiro", {"name", "email"}),
        ("jiro0001", "見本\n次郎", "jiro@example.com", {"name"}),
    ],
)
def test_what_cannot_be_registered_is_told_by_field_and_leaves_nothing(
    house: House, user_id: str, name: str, email: str, fields: set[str]
) -> None:
    before = house.kinds()

    with pytest.raises(InvalidInput) as refusal:
        house.desk.accounts.register(user_id, "general", "ACME01", name, email, COMMAND_LINE, NINE)

    assert set(refusal.value.faults) == fields
    assert house.kinds() == before


def test_nobody_is_registered_into_an_organization_that_is_not(house: House) -> None:
    with pytest.raises(NotFound):
        house.desk.accounts.register("jiro0001", "general", "NOSUCH", "見本 次郎", "j@example.com", COMMAND_LINE, NINE)

    assert house.people.of(account_stream("jiro0001"), 1) is None


def test_an_organization_has_one_master(house: House) -> None:
    accounts = house.desk.accounts
    accounts.register(MASTER, "master", "acme01", "見本 花子", "h@example.com", COMMAND_LINE, NINE)

    with pytest.raises(MasterExists):
        accounts.register("another1", "master", "ACME01", "見本 次郎", "j@example.com", COMMAND_LINE, NINE)

    assert house.account(MASTER).organization == "ACME01"
    assert house.store.load(account_stream("another1")) == []


def test_an_account_is_found_with_its_person(house: House) -> None:
    account, person = house.desk.accounts.find(TARO)

    assert (account, person) == (house.account(), Contact("見本 太郎", "taro@example.com"))


def test_a_person_is_named_in_no_error() -> None:
    assert repr([Contact("見本 太郎", "taro@example.com")]) == "[Contact(…)]"


# ---- a new password from somebody else


def test_a_reset_ends_the_session_and_only_its_password_is_right(house: House) -> None:
    house.issue()
    session = house.log_in()

    told = house.desk.accounts.reset_password(TARO, MASTER, NINE)

    with pytest.raises(SessionEnded, match=r"^reset$"):
        house.desk.sessions.visitor(session, house.fingerprint(), NINE)
    with pytest.raises(WrongPassword):
        house.desk.sessions.log_in(TARO, RIGHT, house.fingerprint(), NINE)
    assert house.desk.sessions.log_in(TARO, told, house.fingerprint(), NINE)[1]


def test_a_reset_ends_a_ticket_opened_with_the_old_password(house: House) -> None:
    cookie = house.enter()

    house.desk.accounts.reset_password(TARO, MASTER, NINE)

    with pytest.raises(TicketMissing):
        house.desk.issuance.ticket(cookie, NINE)


def test_a_change_of_ones_own_ends_it_too(house: House) -> None:
    cookie = house.enter()

    house.desk.accounts.change_password(TARO, RIGHT, "tulip2026", "tulip2026")

    with pytest.raises(TicketMissing):
        house.desk.issuance.ticket(cookie, NINE)


def test_an_issue_under_way_ends_with_a_change_of_ones_own_as_with_a_reset(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)

    house.desk.accounts.change_password(TARO, RIGHT, "tulip2026", "tulip2026")
    house.work(cookie)

    assert house.count("CertificateIssued") == 0


def test_a_p12_that_waits_is_still_there_after_either(house: House) -> None:
    cookie = house.issue()

    house.desk.accounts.change_password(TARO, RIGHT, "tulip2026", "tulip2026")
    house.desk.accounts.reset_password(TARO, MASTER, NINE)

    assert house.desk.delivery.fetch(cookie, NINE)[1] == house.packages.packed[0]


def test_the_password_of_a_reset_opens_a_locked_account_at_once(house: House) -> None:
    house.fail(6)

    told = house.desk.accounts.reset_password(TARO, MASTER, NINE)

    assert house.enter(TARO, told)


def test_a_closed_account_is_neither_reset_nor_released(house: House) -> None:
    house.fail(6)
    house.record(lambda account: account.close("deleted", MASTER, NINE))

    with pytest.raises(AlreadyClosed):
        house.desk.accounts.reset_password(TARO, MASTER, NINE)
    with pytest.raises(AlreadyClosed):
        house.desk.accounts.release(TARO, MASTER, NINE)


def test_a_reset_and_a_change_that_meet_leave_the_password_of_the_later(house: House) -> None:
    house.between.at("save PasswordReset", lambda: house.own_password(TARO, "another1"))

    told = house.desk.accounts.reset_password(TARO, MASTER, NINE)

    assert house.enter(TARO, told)
    assert house.account().credential == 4


def test_resets_at_once_leave_one_password_that_was_told(house: House, second_house: House) -> None:
    outcomes = together(
        [
            lambda: house.desk.accounts.reset_password(TARO, MASTER, NINE),
            lambda: second_house.desk.accounts.reset_password(TARO, MASTER, NINE),
        ]
    )

    right = [told for told in outcomes if house.passwords.matches(account_stream(TARO), 4, str(told))]
    assert refusals(outcomes) == []
    assert len(right) == 1


# ---- released


@pytest.mark.parametrize(
    ("policy", "mails"),
    [(Policy(mail_when_released=True), ["locked", "released"]), (Policy(), ["locked"])],
    ids=["with mail", "without"],
)
def test_a_release_is_told_by_mail_where_the_setting_says_so(house: House, mails: list[str]) -> None:
    house.fail(6)

    house.desk.accounts.release(TARO, MASTER, NINE)

    assert house.mails() == mails


@pytest.mark.parametrize("policy", [Policy(mail_when_released=True)])
def test_so_is_the_release_that_comes_with_a_reset(house: House) -> None:
    house.fail(6)

    house.desk.accounts.reset_password(TARO, MASTER, NINE)

    assert house.mails() == ["locked", "released"]


def test_a_stranger_cannot_be_released(house: House) -> None:
    with pytest.raises(NotFound):
        house.desk.accounts.release("nobody01", MASTER, NINE)
    with pytest.raises(NotFound):
        house.desk.accounts.release("Taro0001", MASTER, NINE)
    with pytest.raises(NothingToRelease):
        house.desk.accounts.release(TARO, MASTER, NINE)


# ---- the own password before an act


def test_a_change_of_ones_own_password_is_such_a_try_too(house: House) -> None:
    house.desk.accounts.change_password(TARO, RIGHT, "tulip2026", "tulip2026")

    (accepted,) = [fact for fact in house.every_fact() if isinstance(fact, PasswordAccepted)]
    assert accepted.entry == "step_up"


def test_the_own_password_is_confirmed_as_a_try_like_any_other(house: House) -> None:
    house.fail(2)

    house.desk.accounts.confirm(TARO, RIGHT)

    (accepted,) = [fact for fact in house.every_fact() if isinstance(fact, PasswordAccepted)]
    assert accepted.entry == "step_up"
    assert house.account().lockout.failures == 0


def test_a_wrong_own_password_counts_and_the_sixth_locks(house: House) -> None:
    for _ in range(5):
        with pytest.raises(WrongPassword):
            house.desk.accounts.confirm(TARO, WRONG)

    with pytest.raises(AccountIsLocked):
        house.desk.accounts.confirm(TARO, WRONG)

    assert house.count("PasswordFailed") == 6
    assert house.mails() == ["locked"]


def test_a_malformed_own_password_is_named_as_such_and_is_no_try(house: House) -> None:
    before = house.kinds()

    with pytest.raises(InvalidInput) as refused:
        house.desk.accounts.confirm(TARO, "short")

    assert refused.value.faults == {"own_password": "length"}
    assert house.kinds() == before
