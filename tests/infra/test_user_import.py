"""`shomei user import` (screens.md, "Command line"): a row whole or not at all, and a report of the refused ones."""

import csv
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.house import House

HEAD = "user_id,name,email,organization,role\n"
TARO = "taro0001,見本 太郎,taro@example.com,ACME01,general\n"
HANAKO = "hanako01,見本 花子,hanako@example.com,ACME01,master\n"
IMPORT = ("user", "import", "users.csv", "--passwords", "passwords.csv")


@pytest.fixture(autouse=True)
def acme(house: House) -> None:
    house.organization("ACME01")


def written(text: str, encoding: str = "utf-8") -> None:
    Path("users.csv").write_text(text, encoding=encoding)


def passwords() -> list[list[str]]:
    with Path("passwords.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_good_rows_are_registered_and_their_passwords_stand_in_a_file_of_their_owner(
    shomei: CommandLine, house: House
) -> None:
    written(HEAD + TARO + HANAKO)

    assert shomei.json(*IMPORT) == {"added": 2, "refused": []}
    head, taro, hanako = passwords()
    assert (head, taro[0], hanako[0]) == (["user_id", "password"], "taro0001", "hanako01")
    assert house.enter(*taro)
    assert house.account("hanako01").role == "master"
    assert Path("passwords.csv").stat().st_mode & 0o777 == 0o600


def test_no_password_is_printed_or_logged(shomei: CommandLine) -> None:
    written(HEAD + TARO)

    printed = shomei.run(*IMPORT)

    assert passwords()[1][1] not in printed.output + shomei.logged


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("taro-001,名,a@example.com,ACME01,general", "user_id may hold half-width letters and digits only"),
        ("jiro0001, 名,a@example.com,ACME01,general", "name is not well-formed"),
        ("jiro0001,名,example.com,ACME01,general", "email is not well-formed"),
        ("jiro0001,名,a@example.com,NONE01,general", "no such organization"),
        ("jiro0001,名,a@example.com,ACME01,auditor", "role must be general or master"),
        ("jiro0001,名,a@example.com,ACME01,", "role must be general or master"),
        ("jiro0001,名,a@example.com,ACME01", "wrong columns"),
        ("jiro0001,名,a@example.com,ACME01,general,1", "wrong columns"),
    ],
)
def test_a_row_that_cannot_be_taken_is_reported_and_the_others_are_registered(
    shomei: CommandLine, house: House, row: str, why: str
) -> None:
    written(f"{HEAD}{TARO}{row}\n{HANAKO}")

    result = shomei.run(*IMPORT)

    assert result.exit_code == 1
    assert result.stdout == f"added: 2\nrefused: row 3: {why}\n"
    assert [row[0] for row in passwords()] == ["user_id", "taro0001", "hanako01"]
    assert house.count("UserRegistered") == 2


def test_a_user_who_stands_there_twice_is_registered_once(shomei: CommandLine, house: House) -> None:
    written(HEAD + TARO + TARO.upper().replace("GENERAL", "general"))

    result = shomei.run(*IMPORT, "--json")

    taken = "row 3: this user ID is taken, or was once: IDs are never used again"
    assert result.stdout == f'{{"added": 1, "refused": ["{taken}"]}}\n'
    assert len(passwords()) == 2


def test_rows_are_numbered_as_a_spreadsheet_does_blank_ones_and_broken_lines_too(shomei: CommandLine) -> None:
    written(HEAD + "\n,,,,\n" + TARO + '"jiro0001","一\n二",a@example.com,ACME01,general\n' + TARO)

    refused = shomei.run(*IMPORT).stdout.splitlines()[1]

    assert refused.startswith("refused: row 5: name is not well-formed, row 6: this user ID is taken")


def test_what_spreadsheets_put_before_utf_8_is_no_part_of_the_head(shomei: CommandLine) -> None:
    written(HEAD + TARO, encoding="utf-8-sig")

    assert shomei.json(*IMPORT)["added"] == 1


@pytest.mark.parametrize("text", ["", TARO, "\n" + HEAD + TARO, HEAD.replace(",role", "") + TARO])
def test_another_head_is_refused_and_nothing_left_behind(shomei: CommandLine, house: House, text: str) -> None:
    written(text)

    assert shomei.refusal(*IMPORT) == "the first line of users.csv must be user_id,name,email,organization,role"
    assert not Path("passwords.csv").exists()
    assert house.count("UserRegistered") == 0


def test_a_file_in_another_encoding_is_refused_whole(shomei: CommandLine, house: House) -> None:
    written(HEAD + TARO, encoding="cp932")

    assert shomei.refusal(*IMPORT) == "users.csv is not a CSV file in UTF-8: save it as one"
    assert not Path("passwords.csv").exists()
    assert house.count("UserRegistered") == 0


def test_passwords_are_never_written_over_a_file_that_is_there(shomei: CommandLine, house: House) -> None:
    written(HEAD + TARO)
    Path("passwords.csv").write_text("earlier ones")

    assert shomei.refusal(*IMPORT) == "passwords.csv is there already, and nothing is overwritten"
    assert Path("passwords.csv").read_text() == "earlier ones"
    assert house.count("UserRegistered") == 0


def test_a_file_that_is_not_there_is_said_to_be_missing(shomei: CommandLine) -> None:
    result = shomei.run(*IMPORT)

    assert result.exit_code == 2
    assert "File 'users.csv' does not exist" in result.stderr
