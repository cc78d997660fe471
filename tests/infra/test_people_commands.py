"""`shomei organization` and `user` (screens.md, "Command line"; R2.1, R2.2, R3.6, R6.4, R7.1, R7.4)."""

import pytest

from domain.credentials import organization_stream
from domain.policy import Policy
from tests.support.applicants import letter_to
from tests.support.command_line import CommandLine
from tests.support.house import TARO, House

ORGANIZATION = ("organization", "add", "ACME01", "見本商事株式会社", "--email", "keiri@example.com")
USER = ("user", "add", TARO, "--organization", "ACME01", "--name", "見本 太郎", "--email", "taro@example.com")


def test_adding_an_organization_prints_the_initial_password_of_its_letter(shomei: CommandLine, house: House) -> None:
    printed = shomei.json(*ORGANIZATION)

    assert set(printed) == {"code", "initial_password"}
    assert printed["code"] == "ACME01"
    assert len(printed["initial_password"]) == 12
    assert house.kinds() == ["OrganizationRegistered", "MasterInvited"]


def test_without_json_the_same_is_printed_for_people(shomei: CommandLine) -> None:
    printed = shomei.run(*ORGANIZATION).stdout.splitlines()

    assert printed[0] == "code: ACME01"
    assert printed[1].startswith("initial password: ")
    assert len(printed) == 2


def test_an_organization_may_be_added_with_its_settings(shomei: CommandLine) -> None:
    shomei.json(*ORGANIZATION, "--p12-profile", "legacy", "--issuance-code", "off", "--language", "en")

    assert shomei.json("organization", "set", "ACME01") == {
        "code": "ACME01",
        "p12_profile": "legacy",
        "issuance_code": "off",
        "language": "en",
    }


def test_the_code_by_mail_at_issue_is_switched_on_and_off(shomei: CommandLine) -> None:
    shomei.run(*ORGANIZATION, "--issuance-code", "on")

    before = shomei.json("organization", "set", "ACME01")["issuance_code"]
    after = shomei.json("organization", "set", "ACME01", "--issuance-code", "off")["issuance_code"]

    assert (before, after) == ("on", "off")


def test_setting_one_thing_leaves_the_others(shomei: CommandLine) -> None:
    shomei.run(*ORGANIZATION, "--language", "en")

    printed = shomei.json("organization", "set", "acme01", "--p12-profile", "legacy")

    assert printed == {"code": "ACME01", "p12_profile": "legacy", "issuance_code": "off", "language": "en"}


def test_a_code_is_taken_for_ever_in_any_case(shomei: CommandLine, house: House) -> None:
    house.organization("acme01")

    assert shomei.refusal(*ORGANIZATION) == ("this organization code is taken, or was once: codes are never used again")


@pytest.mark.parametrize("code", ["ABC", "ABCDEFGHIJK", "AB-01"])
def test_a_malformed_code_is_refused(shomei: CommandLine, house: House, code: str) -> None:
    assert shomei.refusal("organization", "add", code, "名", "--email", "a@example.com") == "code is not well-formed"
    assert house.kinds() == []


def test_an_organization_that_is_not_there_cannot_be_set(shomei: CommandLine) -> None:
    assert shomei.refusal("organization", "set", "NONE01", "--language", "en") == "no such organization"


# ---- its master begun again, its invitation released, and its end (R3.6, R6.4, R7.4)


def test_initializing_prints_the_initial_password_of_a_new_letter_once(shomei: CommandLine, house: House) -> None:
    first = shomei.json(*ORGANIZATION)["initial_password"]
    shomei.run(*USER, "--role", "master")

    printed = shomei.json("organization", "initialize", "ACME01")

    letter = organization_stream("ACME01")
    assert set(printed) == {"code", "initial_password"}
    assert printed["code"] == "ACME01"
    assert house.passwords.matches(letter, 2, printed["initial_password"])
    assert not house.passwords.matches(letter, 1, first)
    assert house.account().closed
    assert printed["initial_password"] not in shomei.logged


def test_without_json_the_new_letters_password_is_printed_for_people(shomei: CommandLine, house: House) -> None:
    house.organization()

    printed = shomei.run("organization", "initialize", "ACME01").stdout.splitlines()

    assert printed[0] == "code: ACME01"
    assert printed[1].startswith("initial password: ")
    assert len(printed) == 2


@pytest.mark.parametrize("policy", [Policy(approval="two_persons")], ids=["two persons"])
def test_the_machines_owner_initializes_without_a_second_person(shomei: CommandLine, house: House) -> None:
    house.organization()

    assert set(shomei.json("organization", "initialize", "ACME01")) == {"code", "initial_password"}


def test_a_locked_invitation_is_released(shomei: CommandLine, house: House) -> None:
    letter = letter_to(house, "ACME01")
    letter.fail(6)

    printed = shomei.json("organization", "release", "ACME01")

    assert printed == {"code": "ACME01", "released": True}
    assert letter.enter()


def test_an_invitation_that_is_not_held_is_no_error_and_said(shomei: CommandLine, house: House) -> None:
    house.organization()
    before = house.kinds()

    said = shomei.run("organization", "release", "ACME01")

    assert shomei.json("organization", "release", "ACME01") == {"code": "ACME01", "released": False}
    assert (said.exit_code, said.stdout) == (0, "ACME01 is neither locked nor blocked: nothing was recorded\n")
    assert house.kinds() == before


def test_closing_prints_the_serials_revoked(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user()
    house.issue()

    printed = shomei.json("organization", "close", "ACME01")

    assert printed == {"code": "ACME01", "serials": [house.certificate().serial]}
    assert house.account().closed


@pytest.mark.parametrize("command", ["initialize", "release", "close"])
def test_what_is_closed_stays_closed(shomei: CommandLine, house: House, command: str) -> None:
    house.organization()
    shomei.json("organization", "close", "ACME01")

    assert shomei.refusal("organization", command, "ACME01") == "ACME01 is closed"
    assert shomei.refusal(*USER) == "ACME01 is closed"


@pytest.mark.parametrize("command", ["initialize", "release", "close"])
def test_nothing_is_done_to_an_organization_that_is_not_there(shomei: CommandLine, command: str) -> None:
    assert shomei.refusal("organization", command, "NONE01") == "no such organization"


# ---- users


def test_adding_a_user_prints_a_first_password_that_is_right(shomei: CommandLine, house: House) -> None:
    house.organization()

    printed = shomei.json(*USER)

    assert set(printed) == {"user_id", "password"}
    assert house.enter(printed["user_id"], printed["password"])
    assert house.account().must_change_password


def test_an_organization_has_one_master(shomei: CommandLine, house: House) -> None:
    house.organization()
    shomei.run(*USER, "--role", "master")

    another = ("user", "add", "hanako01", *USER[3:], "--role", "master")

    assert shomei.refusal(*another) == "the organization has a master user already: there is one each"
    assert house.count("UserRegistered") == 1


def test_an_organization_has_so_many_general_users_and_no_more(
    shomei: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOMEI_GENERAL_USERS", "1")
    house.organization()
    house.register("jiro0001")

    assert shomei.refusal(*USER) == "the organization has all the general users it may have: at most 1"


def test_a_user_id_is_taken_for_ever_in_any_case(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user("Taro0001")

    assert shomei.refusal(*USER) == "this user ID is taken, or was once: IDs are never used again"


@pytest.mark.parametrize(
    ("user_id", "why"),
    [
        ("", "is missing"),
        ("taro1", "must have 6 to 12 characters"),
        ("taro000000001", "must have 6 to 12 characters"),
        ("tarotaro", "must hold at least one letter and one digit"),
        ("taro-001", "may hold half-width letters and digits only"),
        ("ｔａｒｏ０００１", "must be half-width"),
    ],
)
def test_a_malformed_user_id_is_refused_with_its_rule(
    shomei: CommandLine, house: House, user_id: str, why: str
) -> None:
    house.organization()

    assert shomei.refusal("user", "add", user_id, *USER[3:]) == f"user_id {why}"


def test_all_that_is_wrong_with_a_person_is_said_and_not_repeated(shomei: CommandLine, house: House) -> None:
    house.organization()

    said = shomei.refusal(*USER[:5], "--name", " 見本", "--email", "taro＠example.com")

    assert said == "name is not well-formed; email is not well-formed"


def test_staff_are_not_made_by_user_add(shomei: CommandLine) -> None:
    result = shomei.run(*USER, "--role", "auditor")

    assert result.exit_code == 2
    assert "'auditor' is not one of 'general', 'master'" in result.stderr
