"""`shomei organization` and `user` (screens.md, "Command line"; R2.1, R2.2, R7.1)."""

import pytest

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


def test_a_code_at_issue_that_nobody_would_ask_for_is_refused(shomei: CommandLine, house: House) -> None:
    why = "issuance_code cannot be switched on: nothing asks for a code at issue yet"

    assert shomei.refusal(*ORGANIZATION, "--issuance-code", "on") == why
    assert house.kinds() == []
    shomei.run(*ORGANIZATION)
    assert shomei.refusal("organization", "set", "ACME01", "--issuance-code", "on") == why
    assert shomei.json("organization", "set", "ACME01")["issuance_code"] == "off"


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
