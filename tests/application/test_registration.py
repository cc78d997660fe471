"""The master's first registration by the letter: profile, 登録, once (R7.2, R2.3, R2.4)."""

import pytest

from application.ports import Contact
from domain.credentials import account_stream
from domain.errors import (
    AlreadyRegistered,
    InvalidInput,
    RegistrationMissing,
    UnknownUser,
)
from tests.support.accounts import DAY, MINUTE, fact
from tests.support.applicants import CODE, OWN_PASSWORD, PROFILE, Letter, letter_to
from tests.support.crowd import refusals, together
from tests.support.house import MASTER, NINE, TARO, House


@pytest.fixture
def letter(house: House) -> Letter:
    return letter_to(house)


def rows(house: House) -> list[dict[str, object]]:
    return house.database.execute("select id, profile, user_id from registrations")


# ---- registered


def test_a_registration_is_an_account_with_its_own_password_and_the_letters_end_in_one_save(
    house: House, letter: Letter
) -> None:
    cookie = letter.proposed()
    house.clock.advance(MINUTE)
    before = len(house.every_fact())

    letter.register(cookie)

    now = NINE + MINUTE
    account, own, master = house.every_fact()[before:]
    assert account == fact(
        "UserRegistered",
        now,
        by=MASTER,
        user_id=MASTER,
        role="master",
        organization=CODE,
        person=1,
        commitment=account.commitment,  # type: ignore[attr-defined]  # salted: another one each time
        credential=1,
        password_until=NINE + 80 * DAY,
    )
    assert own == fact("PasswordChanged", now, by=MASTER, credential=2)
    assert master == fact("MasterRegistered", now, by=MASTER, user_id=MASTER)
    assert house.between.written[-1] == ["registrations", "vault_persons", "vault_verifiers", "vault_verifiers"]


def test_the_new_master_issues_and_logs_in_and_owes_no_change_of_the_password(house: House, letter: Letter) -> None:
    letter.register(letter.proposed())

    house.issue(MASTER, OWN_PASSWORD)
    house.log_in(1, MASTER, OWN_PASSWORD)

    assert not house.account(MASTER).must_change_password
    assert house.people.of(account_stream(MASTER), 1) == Contact("見本 花子", "hanako@example.com")
    assert letter.organization().users == (MASTER,)


def test_nothing_personal_and_no_password_stands_in_a_fact(house: House, letter: Letter) -> None:
    letter.register(letter.proposed())

    told = str(house.every_fact())

    assert not [word for word in ("花子", "hanako@", OWN_PASSWORD, letter.password) if word in told]
    assert "花子" not in repr(PROFILE)
    assert OWN_PASSWORD not in repr(PROFILE)


def test_once_registered_nothing_that_was_typed_is_kept(house: House, letter: Letter) -> None:
    cookie = letter.proposed()

    letter.register(cookie)

    assert rows(house) == [{"id": letter.form(cookie), "profile": None, "user_id": MASTER}]


def test_the_letter_opens_nothing_any_more_and_its_owner_is_told_why(house: House, letter: Letter) -> None:
    letter.register(letter.proposed())

    with pytest.raises(AlreadyRegistered):
        letter.enter()

    assert [type(each).__name__ for each in house.every_fact()[-2:]] == ["InvitationAccepted", "InvitationRefused"]
    assert len(rows(house)) == 1


def test_the_letters_password_is_not_the_accounts(house: House, letter: Letter) -> None:
    letter.register(letter.proposed())

    assert not house.passwords.matches(account_stream(MASTER), 1, letter.password)
    assert not house.passwords.matches(account_stream(MASTER), 2, letter.password)
    assert house.passwords.matches(account_stream(MASTER), 2, OWN_PASSWORD)


# ---- the profile


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"name": ""}, {"name": "malformed"}),
        ({"email": "no address"}, {"email": "malformed"}),
        ({"user_id": ""}, {"user_id": "missing"}),
        ({"user_id": "ｈａｎａｋｏ１"}, {"user_id": "full_width"}),
        ({"user_id": "hanako"}, {"user_id": "not_mixed"}),
        ({"password": "short1"[:5]}, {"password": "length"}),
        ({"password": f"{MASTER}x"}, {"password": "contains_user_id"}),
        ({"password": "sakura123"}, {"password": "common"}),
        (
            {"name": "", "email": "", "user_id": "", "password": ""},
            {"name": "malformed", "email": "malformed", "user_id": "missing", "password": "missing"},
        ),
    ],
)
def test_what_cannot_be_registered_is_told_by_field_and_all_at_once(
    house: House, letter: Letter, changes: dict[str, str], faults: dict[str, str]
) -> None:
    cookie = letter.enter()

    with pytest.raises(InvalidInput) as refusal:
        letter.propose(cookie, **changes)

    assert refusal.value.faults == faults
    assert house.desk.registration.proposal(cookie, house.clock()) is None


def test_mail_address_and_password_are_typed_twice_alike(house: House, letter: Letter) -> None:
    cookie = letter.enter()

    with pytest.raises(InvalidInput) as refusal:
        house.desk.registration.propose(cookie, None, PROFILE, "hanako@example.org", "tulip2027", house.clock())

    assert refusal.value.faults == {"email_again": "emails_differ", "password_again": "passwords_differ"}


@pytest.mark.parametrize("taken", [TARO, TARO.upper()])
def test_a_user_id_that_somebody_has_is_told_at_once(house: House, letter: Letter, taken: str) -> None:
    cookie = letter.enter()

    with pytest.raises(InvalidInput) as refusal:
        letter.propose(cookie, user_id=taken)

    assert refusal.value.faults == {"user_id": "taken"}


def test_the_letters_password_is_no_password_of_ones_own(letter: Letter) -> None:
    cookie = letter.enter()

    with pytest.raises(InvalidInput) as refusal:
        letter.propose(cookie, password=letter.password)

    assert refusal.value.faults == {"password": "initial_password"}


def test_what_was_typed_waits_for_the_confirmation_and_may_be_typed_anew(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    first = house.desk.registration.proposal(cookie, house.clock())

    letter.propose(cookie, name="見本 桜子", user_id="sakura77")
    letter.register(cookie)

    assert first is not None
    assert first.profile == PROFILE
    assert house.account("sakura77").role == "master"
    with pytest.raises(UnknownUser):
        house.enter(MASTER, OWN_PASSWORD)


def test_the_address_is_kept_in_its_usual_form(house: House, letter: Letter) -> None:
    letter.register(letter.proposed(email="hanako@EXAMPLE.com"))

    assert house.people.of(account_stream(MASTER), 1) == Contact("見本 花子", "hanako@example.com")


def test_before_the_profile_there_is_nothing_to_register(house: House, letter: Letter) -> None:
    cookie = letter.enter()

    with pytest.raises(RegistrationMissing):
        letter.register(cookie)

    assert house.count("UserRegistered") == 1


# ---- once


def test_a_double_click_registers_once_and_both_are_done(house: House, letter: Letter) -> None:
    cookie = letter.proposed()

    letter.register(cookie)
    letter.register(cookie)

    assert house.count("MasterRegistered") == 1
    assert letter.form(cookie)


def test_clicks_at_once_in_two_processes_register_once_and_all_are_done(
    house: House, second_house: House, letter: Letter
) -> None:
    cookie = letter.proposed()

    outcomes = together([lambda: letter.register(cookie), lambda: letter.register(cookie, second_house)] * 3)

    assert refusals(outcomes) == []
    assert house.count("MasterRegistered") == 1
    assert len(house.store.load(account_stream(MASTER))) == 2


@pytest.mark.parametrize("loads", [0, 1])
def test_a_second_click_that_met_the_first_between_its_readings_is_done_too(
    house: House, second_house: House, letter: Letter, loads: int
) -> None:
    cookie = letter.proposed()
    for _ in range(loads):
        house.between.at("load", lambda: None)
    house.between.at("load", lambda: letter.register(cookie, second_house))

    letter.register(cookie)

    assert house.count("MasterRegistered") == 1


def test_a_second_click_that_read_before_the_first_saved_is_done_too(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.between.at("save UserRegistered", lambda: letter.register(cookie))

    letter.register(cookie)

    assert house.count("MasterRegistered") == 1


def test_of_two_browsers_with_the_same_letter_one_wins_and_the_other_is_told(house: House, letter: Letter) -> None:
    first, second = letter.proposed(), letter.proposed(user_id="sakura77")

    outcomes = together([lambda: letter.register(first), lambda: letter.register(second)])

    assert refusals(outcomes) == [AlreadyRegistered]
    assert (house.count("MasterRegistered"), house.count("UserRegistered")) == (1, 2)


def test_two_browsers_that_typed_the_same_are_still_two(house: House, letter: Letter) -> None:
    first, second = letter.proposed(), letter.proposed()
    letter.register(first)

    with pytest.raises(AlreadyRegistered):
        letter.register(second)

    assert house.count("MasterRegistered") == 1


def test_after_it_the_profile_is_not_taken_again(letter: Letter) -> None:
    cookie = letter.proposed()
    letter.register(cookie)

    with pytest.raises(AlreadyRegistered):
        letter.propose(cookie, name="見本 桜子")


def test_a_fault_of_the_database_registers_nothing_and_may_be_tried_again(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.between.fails_at("save UserRegistered", ConnectionError())

    with pytest.raises(ConnectionError):
        letter.register(cookie)
    letter.register(cookie)

    assert house.count("MasterRegistered") == 1
