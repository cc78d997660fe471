"""The own history, and for a master the organization's (R6.2; section 1)."""

import pytest

from application.history import PAGE, HistoryPage, Told
from domain.errors import NotPermitted
from domain.fact import COMMAND_LINE
from tests.support.accounts import HOUR, MINUTE
from tests.support.applicants import letter_to
from tests.support.house import MASTER, NINE, RIGHT, TARO, House


@pytest.fixture
def master(house: House) -> str:
    """hanako1, the master of taro0001's organization."""
    house.desk.accounts.register(MASTER, "master", "ACME01", "見本 花子", "h@example.com", COMMAND_LINE, NINE)
    house.own_password(MASTER, RIGHT)
    return MASTER


def own(house: House, before: int | None = None) -> HistoryPage:
    return house.desk.history.of_user(TARO, before)


def kinds(page: HistoryPage) -> list[str]:
    return [line.kind for line in page.items]


def test_the_newest_stands_first(house: House) -> None:
    house.clock.set(NINE + HOUR)
    house.fail(2)

    page = own(house)

    assert kinds(page) == ["PasswordFailed", "PasswordFailed", "PasswordChanged", "UserRegistered"]
    assert [line.at for line in page.items[:1]] == [NINE + HOUR]


def test_what_happened_to_the_certificates_is_among_it(house: House) -> None:
    house.issue()
    house.clock.set(NINE + HOUR)
    house.log_in()
    house.desk.revocation.revoke_user(TARO, "lost", "bank0001", NINE + 2 * HOUR)

    assert set(kinds(own(house))[:5]) == {
        "CertificateRevoked",
        "KeyPackageDestroyed",
        "CertificateFirstUsed",
        "LoggedIn",
        "CertificateIssued",
    }


def test_a_master_reads_what_happened_to_the_organization_and_its_letter(house: House) -> None:
    letter = letter_to(house)
    letter.fail(6)
    house.clock.advance(HOUR)
    letter.register(letter.proposed())
    house.desk.organizations.set(letter.code, "bank0001", house.clock(), p12_profile="legacy")

    page = house.desk.history.of_organization(MASTER)

    told = [(line.kind, line.actor) for line in page.items if line.user_id is None]
    assert told == [
        ("OrganizationSettingChanged", "bank"),
        ("InvitationLockExpired", "letter"),
        ("InvitationLocked", "letter"),
        *[("InvitationFailed", "letter")] * 6,
        ("MasterInvited", "bank"),
    ]


def test_a_log_in_is_one_line(house: House) -> None:
    house.issue()
    house.clock.set(NINE + HOUR)
    house.log_in()

    assert [line.kind for line in own(house).items if line.at == NINE + HOUR] == ["CertificateFirstUsed", "LoggedIn"]


def test_each_line_says_whose_doing_it_was_and_names_nobody_of_the_bank(house: House, master: str) -> None:
    house.desk.members.suspend(master, TARO, NINE + MINUTE)
    house.desk.accounts.resume(TARO, "bank0001", NINE + 2 * MINUTE)
    house.clock.set(NINE + 3 * MINUTE)
    house.fail(1)

    actors = [(line.kind, line.actor) for line in own(house).items][:3]

    assert actors == [("PasswordFailed", "owner"), ("AccountResumed", "bank"), ("AccountSuspended", "master")]


def test_a_page_has_fifty_lines_and_the_next_one_the_rest(house: House) -> None:
    for line in range(PAGE):
        house.desk.accounts.suspend(TARO, "bank0001", NINE + (2 * line + 1) * MINUTE)
        house.desk.accounts.resume(TARO, "bank0001", NINE + (2 * line + 2) * MINUTE)

    first = own(house)
    second = own(house, first.next)
    third = own(house, second.next)

    assert [len(page.items) for page in (first, second, third)] == [PAGE, PAGE, 2]
    assert third.next is None
    everything = [*first.items, *second.items, *third.items]
    assert [line.at for line in everything] == sorted((line.at for line in everything), reverse=True)


@pytest.mark.parametrize("before", [0, 10**9])
def test_a_place_that_is_none_is_an_end_of_the_history(house: House, before: int) -> None:
    assert len(own(house, before).items) == (0 if before == 0 else len(own(house).items))


def test_a_master_reads_the_whole_organization_and_nobody_elses(house: House, master: str) -> None:
    house.organization("OTHER1", "ほかの団体")
    house.desk.accounts.register("jiro0001", "general", "OTHER1", "他 次郎", "j@example.com", COMMAND_LINE, NINE)
    house.desk.members.close(master, TARO, NINE + MINUTE)

    page = house.desk.history.of_organization(master)

    assert {line.user_id for line in page.items} == {None, TARO, MASTER}
    assert page.items[0] == Told(NINE + MINUTE, TARO, "master", page.items[0].fact)


def test_an_earlier_master_stays_in_the_history(house: House, master: str) -> None:
    house.desk.organizations.initialize("ACME01", "bank0001", NINE + MINUTE)
    house.desk.accounts.register("sachi001", "master", "ACME01", "見本 幸", "s@example.com", COMMAND_LINE, NINE + HOUR)

    page = house.desk.history.of_organization("sachi001")

    assert {line.user_id for line in page.items} == {None, TARO, MASTER, "sachi001"}


@pytest.mark.parametrize("user_id", [TARO, "bank0001"])
def test_nobody_else_reads_the_organizations(house: House, user_id: str) -> None:
    house.staff("bank0001")

    with pytest.raises(NotPermitted):
        house.desk.history.of_organization(user_id)
