"""What may come between the letter's password and 登録: others, time, another tab, cancelling (R7.2, R7.4, R5.2)."""

import pytest

from application.ports import MasterProfile
from domain.credentials import account_stream, organization_stream
from domain.errors import (
    InvitationExpired,
    InvitationIsBlocked,
    InvitationReplaced,
    OrganizationIsClosed,
    OtherTab,
    RegistrationMissing,
    RegistrationTimedOut,
    UnknownUser,
    UserIdTaken,
)
from domain.fact import COMMAND_LINE
from tests.support.accounts import DAY, MILLISECOND, MINUTE, fact
from tests.support.applicants import CODE, OWN_PASSWORD, PROFILE, Letter, letter_to
from tests.support.house import MASTER, NINE, House


@pytest.fixture
def letter(house: House) -> Letter:
    return letter_to(house)


def rows(house: House) -> list[dict[str, object]]:
    return house.database.execute("select id, profile, user_id from registrations")


# ---- what came between


def test_a_user_id_taken_meanwhile_is_refused_and_another_may_be_typed(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.register(MASTER)

    with pytest.raises(UserIdTaken):
        letter.register(cookie)
    letter.propose(cookie, user_id="sakura77")
    letter.register(cookie)

    assert house.account(MASTER).role == "general"
    assert house.account("sakura77").role == "master"


def test_a_user_id_taken_at_the_last_moment_is_refused(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.between.at("save UserRegistered", lambda: house.register(MASTER))

    with pytest.raises(UserIdTaken):
        letter.register(cookie)

    assert house.count("MasterRegistered") == 0
    assert house.passwords.matches(account_stream(MASTER), 2, OWN_PASSWORD) is False


@pytest.mark.parametrize("at_the_last_moment", [False, True])
def test_another_letter_sent_meanwhile_ends_the_registration(
    house: House, letter: Letter, at_the_last_moment: bool
) -> None:
    cookie = letter.proposed()

    def initialize() -> None:
        house.desk.organizations.initialize(CODE, COMMAND_LINE, house.clock())

    if at_the_last_moment:
        house.between.at("save UserRegistered", initialize)
    else:
        initialize()

    with pytest.raises(InvitationReplaced):
        letter.register(cookie)
    assert house.count("MasterRegistered") == 0


def test_a_block_meanwhile_registers_nobody_and_a_release_lets_go_on(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    # Wrong tries alone take two hours to it, longer than a registration lives.
    letter.record(fact("InvitationBlocked", NINE, by=CODE))

    with pytest.raises(InvitationIsBlocked):
        letter.register(cookie)
    house.desk.organizations.release(CODE, COMMAND_LINE, NINE)
    letter.register(cookie)

    assert letter.organization().master == MASTER


def test_a_closing_meanwhile_registers_nobody(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.desk.organizations.close(CODE, COMMAND_LINE, house.clock())

    with pytest.raises(OrganizationIsClosed):
        letter.register(cookie)

    assert house.count("MasterRegistered") == 0


def test_a_lock_meanwhile_stops_nobody_who_is_in_already(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    letter.fail(6)

    letter.register(cookie)

    assert letter.organization().master == MASTER


def test_a_letter_that_runs_out_meanwhile_registers_nobody(house: House, letter: Letter) -> None:
    house.clock.set(NINE + 80 * DAY - MINUTE)
    cookie = letter.proposed()
    house.clock.advance(MINUTE)

    with pytest.raises(InvitationExpired):
        letter.register(cookie)


def test_to_the_last_moment_of_the_letter_one_may_register(house: House, letter: Letter) -> None:
    house.clock.set(NINE + 80 * DAY - MINUTE)
    cookie = letter.proposed()
    house.clock.advance(MINUTE - MILLISECOND)

    letter.register(cookie)

    assert letter.organization().master == MASTER


# ---- half an hour, one browser, nothing behind


def test_there_is_half_an_hour_to_register(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.clock.set(NINE + 30 * MINUTE - MILLISECOND)

    letter.register(cookie)

    assert letter.organization().master == MASTER


def test_at_thirty_minutes_it_is_over(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.clock.set(NINE + 30 * MINUTE)

    with pytest.raises(RegistrationTimedOut):
        letter.register(cookie)
    with pytest.raises(RegistrationTimedOut):
        letter.propose(cookie)
    with pytest.raises(RegistrationTimedOut):
        house.desk.registration.proposal(cookie, house.clock())


def test_what_is_done_does_not_time_out(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    letter.register(cookie)
    house.clock.set(NINE + 30 * MINUTE)

    letter.register(cookie)

    assert house.desk.registration.registrant(cookie, house.clock()).user_id == MASTER


@pytest.mark.parametrize("cookie", [None, "another browser's"])
def test_without_the_letters_password_there_is_no_registration(house: House, cookie: str | None) -> None:
    registration, now = house.desk.registration, house.clock()

    with pytest.raises(RegistrationMissing):
        registration.registrant(cookie, now)
    with pytest.raises(RegistrationMissing):
        registration.propose(cookie, None, PROFILE, PROFILE.email, PROFILE.password, now)
    with pytest.raises(RegistrationMissing):
        registration.register(cookie, None, now)
    assert registration.cancel(cookie, None)


def test_another_letter_in_another_tab_does_not_get_what_was_typed_for_the_first(house: House, letter: Letter) -> None:
    first = letter.enter()
    form = letter.form(first)
    second = letter_to(house, "GAMMA1").enter(cookie=first)
    registration, now = house.desk.registration, house.clock()

    with pytest.raises(OtherTab):
        registration.propose(second, form, PROFILE, PROFILE.email, PROFILE.password, now)
    with pytest.raises(OtherTab):
        registration.register(second, form, now)
    with pytest.raises(OtherTab):
        registration.cancel(second, form)

    assert registration.proposal(second, now) is None


def test_the_form_of_the_same_registration_is_taken(house: House, letter: Letter) -> None:
    cookie = letter.enter()
    registration, form, now = house.desk.registration, letter.form(cookie), house.clock()

    registration.propose(cookie, form, PROFILE, PROFILE.email, PROFILE.password, now)
    registration.register(cookie, form, now)

    assert letter.organization().master == MASTER


def test_of_two_proposals_in_one_browser_only_the_newest_is_registered(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    first = letter.tag(cookie)
    letter.propose(cookie, user_id="sakura77")
    second = letter.tag(cookie)

    with pytest.raises(OtherTab):
        letter.register(cookie, tag=first)
    assert house.count("MasterRegistered") == 0
    letter.register(cookie, tag=second)

    assert letter.organization().master == "sakura77"


def test_what_is_typed_anew_while_it_is_registered_changes_nothing(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.between.at("save UserRegistered", lambda: letter.propose(cookie, user_id="sakura77"))

    letter.register(cookie, tag=letter.tag(cookie))

    assert letter.organization().master == MASTER


def test_a_double_click_with_its_tag_is_done_too(letter: Letter) -> None:
    cookie = letter.proposed()
    tag = letter.tag(cookie)

    letter.register(cookie, tag=tag)
    letter.register(cookie, tag=tag)

    assert letter.organization().master == MASTER


def test_entering_again_in_a_browser_forgets_what_it_had_begun(house: House, letter: Letter) -> None:
    first = letter.proposed()

    second = letter.enter(cookie=first)

    assert [row["id"] for row in rows(house)] == [letter.form(second)]
    with pytest.raises(RegistrationMissing):
        letter.register(first)


def test_entering_again_keeps_what_is_done(house: House, letter: Letter) -> None:
    done = letter.proposed()
    letter.register(done)

    letter_to(house, "GAMMA1").enter(cookie=done)

    assert house.desk.registration.registrant(done, house.clock()).user_id == MASTER


def test_cancelling_leaves_nothing_behind(house: House, letter: Letter) -> None:
    cookie = letter.proposed()

    assert house.desk.registration.cancel(cookie, letter.form(cookie))

    assert rows(house) == []
    assert house.desk.registration.cancel(cookie, None)
    with pytest.raises(RegistrationMissing):
        letter.register(cookie)


def test_what_is_registered_is_not_cancelled(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    letter.register(cookie)

    assert not house.desk.registration.cancel(cookie, None)

    assert letter.form(cookie)


def test_a_cancellation_that_comes_first_registers_nobody(house: House, letter: Letter) -> None:
    cookie = letter.proposed()
    house.between.at("save UserRegistered", lambda: house.desk.registration.cancel(cookie, None))

    with pytest.raises(RegistrationMissing):
        letter.register(cookie)

    assert house.count("MasterRegistered") == 0


def test_a_cancellation_between_typing_and_keeping_keeps_nothing(house: House, letter: Letter) -> None:
    cookie = letter.enter()
    house.between.at("save", lambda: house.desk.registration.cancel(cookie, None))

    with pytest.raises(RegistrationMissing):
        letter.propose(cookie)

    assert rows(house) == []


def test_what_was_typed_goes_at_half_an_hour_and_the_rest_at_an_hour(house: House, letter: Letter) -> None:
    letter.proposed()
    purge = house.desk.registration.forget_old

    purge(NINE + 30 * MINUTE - MILLISECOND)
    kept = [row["profile"] is not None for row in rows(house)]
    purge(NINE + 30 * MINUTE)
    wiped = [row["profile"] is not None for row in rows(house)]
    purge(NINE + 60 * MINUTE - MILLISECOND)
    still = len(rows(house))
    purge(NINE + 60 * MINUTE)

    assert (kept, wiped, still, rows(house)) == ([True], [False], 1, [])


def test_a_registration_is_by_the_typed_id_to_the_case(house: House, letter: Letter) -> None:
    letter.register(letter.proposed(user_id="Hanako01"))

    assert house.account("Hanako01").user_id == "Hanako01"
    with pytest.raises(UnknownUser):
        house.enter("hanako01", OWN_PASSWORD)


def test_the_organization_is_named(house: House, letter: Letter) -> None:
    registrant = house.desk.registration.registrant(letter.enter(), house.clock())

    assert house.desk.registration.organization_name(registrant) == "見本商事株式会社"
    assert house.desk.registration.times_out_at(registrant) == NINE + 30 * MINUTE
    assert registrant.organization == CODE


def test_the_profile_of_a_page_says_nothing_when_printed() -> None:
    assert repr(MasterProfile("見本 花子", "hanako@example.com", MASTER, OWN_PASSWORD)) == "MasterProfile(…)"


def test_after_another_letter_the_first_password_is_forgotten(house: House, letter: Letter) -> None:
    house.desk.organizations.initialize(CODE, COMMAND_LINE, house.clock())

    assert not house.passwords.matches(organization_stream(CODE), 1, letter.password)
