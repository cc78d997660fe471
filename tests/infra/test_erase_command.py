"""`shomei erase` (screens.md, "Command line"; R10.6)."""

from collections.abc import Sequence

import pytest
from click.testing import CliRunner, Result

from domain.credentials import account_stream
from infra import cli
from tests.support.accounts import fact
from tests.support.command_line import CommandLine
from tests.support.house import NINE, TARO, House

GONE = f"{TARO} was erased before: nothing is left to delete\n"


@pytest.fixture
def closed(shomei: CommandLine, house: House) -> House:
    house.organization()
    house.user()
    house.desk.accounts.close(TARO, "deleted", "bank0001", NINE)
    return house


def answered(typed: str, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["erase", TARO, *words], input=typed)


def is_there(house: House) -> bool:
    return house.people.of(account_stream(TARO), 1) is not None


def test_it_says_how_much_will_go_and_erases_once_the_user_id_was_typed(closed: House) -> None:
    result = answered(f"{TARO}\n")

    assert result.exit_code == 0
    assert "will be deleted for ever: names, addresses and requests: 1, passwords: 1\n" in result.stderr
    assert result.stdout == f"user id: {TARO}\nerased: True\nrows: 2\n"
    assert not is_there(closed)
    assert closed.every_fact()[-1] == fact("PersonalDataErased", NINE, by="command-line")


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", ()), ("\n", ()), ("y\n", ()), (f"{TARO.upper()}\n", ()), ("", ("--confirm", "jiro0001"))],
    ids=["nothing", "a blank line", "yes", "another case", "--confirm of another"],
)
def test_without_the_user_id_once_more_nothing_goes(closed: House, typed: str, words: Sequence[str]) -> None:
    result = answered(typed, *words)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert is_there(closed)
    assert closed.count("PersonalDataErased") == 0


def test_a_program_says_the_user_id_beforehand(closed: House, shomei: CommandLine) -> None:
    assert shomei.json("erase", TARO, "--confirm", TARO) == {"user_id": TARO, "erased": True, "rows": 2}


def test_again_it_says_that_it_was_done(closed: House, shomei: CommandLine) -> None:
    shomei.run("erase", TARO, "--confirm", TARO)

    assert shomei.run("erase", TARO).stdout == GONE
    assert shomei.json("erase", TARO) == {"user_id": TARO, "erased": False, "rows": 0}
    assert closed.count("PersonalDataErased") == 1


def test_who_is_open_is_to_be_closed_first(shomei: CommandLine, house: House) -> None:
    house.organization()
    house.user()

    assert shomei.refusal("erase", TARO, "--confirm", TARO) == (
        f"the account of {TARO} is open: close it first, then erase the person"
    )
    assert is_there(house)


def test_who_is_not_there_is_said_to_be_so(shomei: CommandLine) -> None:
    assert shomei.refusal("erase", TARO, "--confirm", TARO) == "no such user"


def test_neither_name_nor_address_is_printed_or_logged(closed: House, shomei: CommandLine) -> None:
    result = answered(f"{TARO}\n")

    shown = result.stdout + result.stderr + shomei.logged
    assert [word for word in ("見本", "taro@example.com") if word in shown] == []
