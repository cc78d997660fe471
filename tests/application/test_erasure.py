"""A person erased: what goes with it, what stays, and when it is refused (R10.6)."""

from uuid import UUID

import pytest

from application.ports import Contact, Unavailable
from domain.approval import approval_stream
from domain.certificate import certificate_stream
from domain.credentials import account_stream, organization_stream
from domain.errors import AccountIsClosed, NotClosed, NotFound
from domain.fact import COMMAND_LINE, WORKER
from domain.policy import Policy
from infra.issuance_codes import CodeDrawer
from tests.support.accounts import MINUTE, fact
from tests.support.applicants import letter_to
from tests.support.approvals import FIRST, ask, left_over_plan, two_persons
from tests.support.house import MASTER, NINE, TARO, House
from tests.support.members import OTHERS_MASTER, OTHERS_USER, settle
from tests.support.post import Post
from tests.support.rows import write

OTHER = "jiro0001"
PERSON = Contact("見本 太郎", "taro@example.com")


def close(house: House, user_id: str = TARO) -> None:
    house.desk.accounts.close(user_id, "deleted", FIRST, NINE)


def erase(house: House, user_id: str = TARO) -> bool:
    return house.desk.erasure.erase(user_id, COMMAND_LINE, NINE)


def kept(house: House) -> list[UUID]:
    """Whose data the vault has, a stream for each version."""
    return [row["subject"] for row in house.database.execute("select subject from vault_persons order by version")]


# ---- what goes


def test_all_versions_of_name_and_address_go_with_the_password(house: House) -> None:
    house.desk.accounts.change_contact(TARO, "見本 太郎", "new@example.com", FIRST, NINE)
    close(house)

    assert erase(house)

    stream = account_stream(TARO)
    assert [house.people.of(stream, version) for version in (1, 2)] == [None, None]
    assert house.database.execute("select owner from vault_verifiers where owner = %s", stream) == []
    assert house.store.load(stream)[-1] == fact("PersonalDataErased", NINE, by=COMMAND_LINE)


def test_who_asked_for_a_revocation_goes_too(house: House) -> None:
    house.issue()
    house.desk.revocation.revoke_user(TARO, "lost", FIRST, NINE, requested_by="見本 花子")
    close(house)

    erase(house)

    assert certificate_stream(TARO, 1) not in kept(house)
    assert house.desk.revocation.ending(str(house.certificate().serial)).requester is None  # type: ignore[union-attr]  # it was revoked


@two_persons
def test_who_asked_for_approvals_goes_too_whatever_became_of_them(house: House) -> None:
    house.issue()
    first = ask(house, requested_by="見本 花子")
    house.desk.approvals.refuse(first, FIRST, NINE)
    second = ask(house, requested_by="見本 花子")
    close(house)

    erase(house)

    assert {first, second} & set(kept(house)) == set()
    assert house.desk.approvals.requesters([first, second]) == {first: None, second: None}


@two_persons
def test_who_asked_to_revoke_what_was_only_planned_goes_too(house: House) -> None:
    plan, _ = left_over_plan(house)
    approval = house.desk.approvals.revoke(plan, "lost", FIRST, NINE, requested_by="見本 花子")
    close(house)

    erase(house)

    assert approval == approval_stream("revoke", plan, 1)
    assert approval not in kept(house)


def test_log_ins_and_tickets_go_too_though_they_have_ended(house: House) -> None:
    ticket = house.issue()
    session = house.log_in()
    close(house)
    assert house.tickets.find(ticket) is not None

    erase(house)

    assert (house.sessions.find(session), house.tickets.find(ticket)) == (None, None)


def test_a_code_by_mail_goes_too_should_one_be_left(house: House) -> None:
    """Closing forgets it already; an earlier version may not have."""
    close(house)
    write(house.database, CodeDrawer(house.database).keep(account_stream(TARO), 1, "123456", NINE))

    erase(house)

    assert house.database.execute("select owner from issuance_codes") == []


def test_a_masters_registration_goes_too(house: House) -> None:
    letter = letter_to(house)
    letter.register(letter.proposed())
    close(house, MASTER)

    erase(house, MASTER)

    assert house.database.execute("select id from registrations") == []


def test_nobody_else_is_touched(house: House) -> None:
    house.user(OTHER)
    house.issue(OTHER)
    session = house.log_in(user_id=OTHER)
    close(house)

    erase(house)

    assert house.people.of(account_stream(OTHER), 1) == PERSON
    assert house.people.of(organization_stream("ACME01"), 1) is not None
    assert house.sessions.find(session) is not None
    assert house.log_in(user_id=OTHER)


# ---- the contact of an organization


def test_the_contact_of_a_closed_organization_goes_with_its_master(house: House) -> None:
    settle(house)
    house.desk.organizations.close("OTHER1", FIRST, NINE)

    erase(house, OTHERS_MASTER)

    assert house.desk.organizations.find("OTHER1")[1] is None
    assert house.store.load(organization_stream("OTHER1"))[-1] == fact("ContactErased", NINE, by=COMMAND_LINE)
    assert house.desk.organizations.find("ACME01")[1] is not None


def test_a_general_user_takes_no_contact_along(house: House) -> None:
    settle(house)
    house.desk.organizations.close("OTHER1", FIRST, NINE)

    erase(house, OTHERS_USER)

    assert house.desk.organizations.find("OTHER1")[1] is not None


def test_an_organization_that_goes_on_keeps_its_contact_until_it_ends(house: House) -> None:
    settle(house)
    house.desk.organizations.initialize("OTHER1", FIRST, NINE)

    erase(house, OTHERS_MASTER)
    after_the_first = house.desk.organizations.find("OTHER1")[1]
    house.desk.organizations.close("OTHER1", FIRST, NINE)
    again = erase(house, OTHERS_MASTER)

    assert after_the_first is not None
    assert again
    assert house.desk.organizations.find("OTHER1")[1] is None
    assert house.count("PersonalDataErased") == 1


# ---- when, and how often


def test_whose_account_is_open_is_refused_and_keeps_everything(house: House) -> None:
    with pytest.raises(NotClosed):
        erase(house)
    with pytest.raises(NotClosed):
        house.desk.erasure.left(TARO, NINE)

    assert house.people.of(account_stream(TARO), 1) == PERSON
    assert house.count("PersonalDataErased") == 0


@pytest.mark.parametrize("user_id", ["nobody01", TARO.upper()])
def test_nobody_is_erased_who_is_not_there_by_exactly_this_id(house: House, user_id: str) -> None:
    close(house)

    with pytest.raises(NotFound):
        erase(house, user_id)


def test_the_second_time_there_is_nothing_to_do(house: House) -> None:
    close(house)
    erase(house)
    before = house.store.head()

    assert not erase(house)
    assert house.store.head() == before


def test_what_came_since_goes_at_the_second_time_without_another_fact(house: House) -> None:
    plan, _ = left_over_plan(house)
    close(house)
    erase(house)
    house.desk.revocation.revoke_serial(plan, "lost", FIRST, NINE, requested_by="見本 花子")

    again = erase(house)

    assert again
    assert kept(house) == [organization_stream("ACME01")]
    assert house.count("PersonalDataErased") == 1


def test_rows_and_fact_go_together_or_not_at_all(house: House) -> None:
    close(house)
    house.between.fails_at("save PersonalDataErased", Unavailable())

    with pytest.raises(Unavailable):
        erase(house)

    assert house.people.of(account_stream(TARO), 1) == PERSON
    assert house.count("PersonalDataErased") == 0


def test_before_it_is_done_it_is_told_how_much_will_go(house: House) -> None:
    house.issue()
    house.log_in()
    house.desk.revocation.revoke_user(TARO, "lost", FIRST, NINE, requested_by="見本 花子")
    close(house)

    told = house.desk.erasure.left(TARO, NINE)
    erase(house)

    assert {what: number for what, number in told.items() if number} == {
        "log-ins": 1,
        "tickets": 1,
        "names, addresses and requests": 2,
        "passwords": 1,
    }
    assert set(house.desk.erasure.left(TARO, NINE).values()) == {0}


# ---- what goes on


def test_a_mail_that_waits_is_cancelled_in_the_workers_next_round(house: House) -> None:
    post = Post(house, Policy())
    house.fail(6)
    close(house)

    erase(house)

    assert post.send() == 0
    assert post.ends() == [fact("NotificationCancelled", NINE, by=WORKER, reason="erased")]


def test_the_history_goes_on_and_says_so(house: House) -> None:
    settle(house)
    house.desk.members.close(MASTER, TARO, NINE)

    house.desk.erasure.erase(TARO, COMMAND_LINE, NINE + MINUTE)

    newest = house.desk.history.of_organization(MASTER).items[0]
    assert (newest.kind, newest.user_id, newest.actor) == ("PersonalDataErased", TARO, "bank")


def test_a_try_on_an_erased_account_is_refused_as_on_any_closed_one(house: House) -> None:
    close(house)
    erase(house)

    with pytest.raises(AccountIsClosed):
        house.enter()
