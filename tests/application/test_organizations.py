"""Organizations as the bank registers them, their settings, and the release of an invitation (R3.6, R7.1, R7.2)."""

import pytest

from application.ports import Contact
from application.streams import load_organization
from domain.credentials import fault_of, organization_stream
from domain.errors import InvalidInput, NotFound, NothingToRelease, OrganizationCodeTaken
from domain.fact import COMMAND_LINE
from domain.organization_facts import MasterInvited
from tests.support.accounts import DAY, HOUR, fact
from tests.support.applicants import letter_to
from tests.support.crowd import refusals, together
from tests.support.house import NINE, House

CODE = "BETA01"


def register(house: House, code: str = CODE, name: str = "見本工業株式会社", email: str = "b@example.com") -> str:
    return house.desk.organizations.register(code, name, email, COMMAND_LINE, NINE)


def test_an_organization_is_registered_with_a_letter_of_eighty_days(house: House) -> None:
    password = register(house)

    invited = house.every_fact()[-1]
    assert isinstance(invited, MasterInvited)
    assert invited.password_until == NINE + 80 * DAY
    assert fault_of(password) is None
    assert len(password) == 12
    assert house.passwords.matches(organization_stream(CODE), invited.credential, password)


def test_an_organization_is_registered_with_its_settings_in_one_save(house: House) -> None:
    house.between.fails_at("save OrganizationSettingChanged", ConnectionError())  # no save begins with it

    house.desk.organizations.register(
        CODE, "見本工業株式会社", "b@example.com", COMMAND_LINE, NINE, p12_profile="legacy", language="en"
    )

    found = load_organization(house.store, CODE).state
    assert (found.p12_profile, found.issuance_code, found.language) == ("legacy", "off", "en")


def test_the_contact_is_in_the_vault_and_not_in_the_log(house: House) -> None:
    register(house)

    assert house.people.of(organization_stream(CODE), 1) == Contact("見本工業株式会社", "b@example.com")
    assert "b@example.com" not in str(house.every_fact())


@pytest.mark.parametrize("code", ["ACME01", "acme01", "AcMe01"])
def test_a_code_is_taken_whatever_its_case(house: House, code: str) -> None:
    before = house.kinds()

    with pytest.raises(OrganizationCodeTaken):
        register(house, code)

    assert house.kinds() == before


def test_of_many_who_register_one_code_at_once_one_gets_it(house: House, second_house: House) -> None:
    outcomes = together([lambda: register(house), lambda: register(second_house, CODE.lower())] * 2)

    assert refusals(outcomes) == [OrganizationCodeTaken] * 3
    assert house.count("OrganizationRegistered") == 2


@pytest.mark.parametrize(
    ("code", "name", "email", "fields"),
    [
        ("ab1", "見本工業", "b@example.com", {"code"}),
        ("BETA0000001", "見本工業", "b@example.com", {"code"}),
        ("ＢＥＴＡ０１", "見本工業", "b@example.com", {"code"}),
        (CODE, "", "no address", {"name", "email"}),
    ],
)
def test_what_cannot_be_registered_is_told_by_field(
    house: House, code: str, name: str, email: str, fields: set[str]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        register(house, code, name, email)

    assert set(refusal.value.faults) == fields


def test_a_setting_is_changed_alone_and_found_again(house: House) -> None:
    returned = house.desk.organizations.set("acme01", COMMAND_LINE, NINE, p12_profile="legacy")
    house.desk.organizations.set("ACME01", COMMAND_LINE, NINE, language="en")

    found = load_organization(house.store, "ACME01").state
    assert returned.p12_profile == "legacy"
    assert (found.p12_profile, found.issuance_code, found.language) == ("legacy", "off", "en")


def test_a_setting_as_it_was_is_no_fact(house: House) -> None:
    before = house.kinds()

    house.desk.organizations.set("ACME01", COMMAND_LINE, NINE, p12_profile="modern")

    assert house.kinds() == before


def test_an_unknown_organization_has_no_settings(house: House) -> None:
    with pytest.raises(NotFound):
        house.desk.organizations.set("NOSUCH", COMMAND_LINE, NINE, language="en")


# ---- found, and its invitation released


def test_it_is_found_in_any_case_with_its_contact(house: House) -> None:
    found, contact = house.desk.organizations.find("acme01")

    assert (found.code, found.users) == ("ACME01", ("taro0001",))
    assert contact == Contact("見本商事株式会社", "keiri@example.com")


def test_an_erased_contact_is_none(house: House) -> None:
    house.database.execute("delete from vault_persons where subject = %s", organization_stream("ACME01"))

    assert house.desk.organizations.find("ACME01")[1] is None


def test_an_unknown_organization_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        house.desk.organizations.find("NOSUCH")


@pytest.mark.parametrize(("locks", "was"), [(1, "locked"), (3, "blocked")])
def test_a_released_invitation_can_be_tried_at_once(house: House, locks: int, was: str) -> None:
    letter = letter_to(house)
    for lock in range(locks):
        house.clock.set(NINE + lock * HOUR)
        letter.fail(6)

    house.desk.organizations.release("beta01", "bank0001", house.clock())

    assert house.every_fact()[-1] == fact("InvitationReleased", house.clock(), by="bank0001", was=was)
    assert letter.enter()


@pytest.mark.parametrize("failures", [0, 5])
def test_an_invitation_neither_locked_nor_blocked_has_nothing_to_release(house: House, failures: int) -> None:
    letter_to(house).fail(failures)
    before = house.kinds()

    with pytest.raises(NothingToRelease):
        house.desk.organizations.release(CODE, "bank0001", NINE)

    assert house.kinds() == before


def test_a_lock_that_has_run_out_is_none(house: House) -> None:
    letter_to(house).fail(6)

    with pytest.raises(NothingToRelease):
        house.desk.organizations.release(CODE, "bank0001", NINE + HOUR)


def test_the_invitation_of_nobody_is_not_released(house: House) -> None:
    with pytest.raises(NotFound):
        house.desk.organizations.release("NOSUCH", "bank0001", NINE)
