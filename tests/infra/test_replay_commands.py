"""`shomei audit replay --as-of T USER_ID|SERIAL|VIEW` (R10.2; screens.md, "Command line")."""

import json
from datetime import timedelta

import pytest

from domain.reading import HistoryRead
from tests.support.accounts import HOUR
from tests.support.command_line import CommandLine
from tests.support.house import NINE, TARO, House

AT_TEN = "2026-11-24T10:00"  # JST, where no offset stands
BEFORE = "2026-11-24T09:59:59.999999+09:00"


@pytest.fixture(autouse=True)
def locked(house: House) -> House:
    """Six wrong passwords at 10:00 in Japan, where it is 12:00 now."""
    house.organization()
    house.user()
    house.clock.set(NINE + HOUR)
    house.fail(6)
    house.clock.set(NINE + 3 * HOUR)
    return house


def replay(shomei: CommandLine, target: str, as_of: str = AT_TEN) -> str:
    told = shomei.run("audit", "replay", "--as-of", as_of, target)
    assert told.exit_code == 0, told.stderr
    return told.stdout


def test_an_account_is_told_as_it_stood(shomei: CommandLine) -> None:
    before, then = replay(shomei, TARO, BEFORE), replay(shomei, TARO)

    assert "state: open\nfailures: 0\nlocks: 0\nlocked until: -\n" in before
    assert "state: locked\nfailures: 6\nlocks: 1\nlocked until: 2026-11-24T02:00:00Z\n" in then


def test_an_account_as_one_object(shomei: CommandLine) -> None:
    told = shomei.json("audit", "replay", TARO, "--as-of", AT_TEN)

    assert (told["user_id"], told["state"], told["as_of"]) == (TARO, "locked", "2026-11-24T01:00:00Z")
    assert told["certificates"] == []


def test_a_certificate_is_told_with_its_account_and_by_its_serial(shomei: CommandLine, house: House) -> None:
    house.issue()
    serial = str(house.certificate().serial)

    of_account = replay(shomei, TARO, "2026-11-24T12:00")
    alone = replay(shomei, serial.lower(), "2026-11-24T12:00")

    assert of_account.endswith(f"certificate {serial}: live, until 2027-11-24\n")
    assert f"serial: {serial}\nuser id: {TARO}\nnumber: 1\nstate: live\n" in alone


def test_a_view_is_told_row_by_row(shomei: CommandLine) -> None:
    *rows, end = replay(shomei, "lock_status").splitlines()

    (row,) = rows
    assert row.startswith("lock_status stream=")
    assert f" user_id={TARO} organization=ACME01 role=general failures=6 locks=1 " in row
    assert end == "1 rows, of 13 facts"


def test_a_view_as_one_object(shomei: CommandLine) -> None:
    told = shomei.json("audit", "replay", "people", "--as-of", AT_TEN)

    assert (told["view"], told["as_of"], told["facts"]) == ("people", "2026-11-24T01:00:00Z", 13)
    assert {part: len(rows) for part, rows in told["tables"].items()} == {"organizations": 1, "users": 1}
    assert told["tables"]["users"][0]["user_id"] == TARO


def test_of_many_rows_each_stands_once(shomei: CommandLine, house: House) -> None:
    for number in range(4):
        house.register(f"jiro000{number}")

    told = shomei.json("audit", "replay", "people", "--as-of", "2026-11-24T12:00")

    assert sorted(row["user_id"] for row in told["tables"]["users"]) == [*(f"jiro000{n}" for n in range(4)), TARO]


def test_a_replay_is_itself_a_fact(shomei: CommandLine, house: House) -> None:
    replay(shomei, TARO)
    replay(shomei, "lock_status")

    told = [fact for fact in house.every_fact() if isinstance(fact, HistoryRead)]
    assert [(fact.by, fact.what, fact.asked) for fact in told] == [
        ("command-line", "audit replay", {"subject": TARO}),
        ("command-line", "audit replay", {"view": "lock_status"}),
    ]
    assert {fact.as_of for fact in told} == {NINE + HOUR}


def refusal(shomei: CommandLine, target: str, as_of: str) -> str:
    return shomei.refusal("audit", "replay", "--as-of", as_of, target)


@pytest.mark.parametrize("target", [TARO, "lock_status", "0A" * 16])
def test_a_moment_to_come_is_refused(shomei: CommandLine, target: str) -> None:
    future = "as_of lies in the future: the log knows only what has happened"

    assert refusal(shomei, target, "2026-11-24T12:00:00.000001") == future


@pytest.mark.parametrize("as_of", ["yesterday", "2026-13-01", "", "0001-01-01"])
def test_what_is_no_moment_is_refused(shomei: CommandLine, as_of: str) -> None:
    assert refusal(shomei, TARO, as_of) == "as_of is not well-formed"


def test_before_it_existed_it_is_said_since_when_it_does(shomei: CommandLine) -> None:
    told = refusal(shomei, TARO, (NINE - timedelta(seconds=1)).isoformat())

    assert told == "it did not exist yet at that moment, only since 2026-11-24T00:00:00+00:00"


def test_what_never_was_is_not_found(shomei: CommandLine, house: House) -> None:
    assert refusal(shomei, "nobody01", AT_TEN) == "no such user"
    assert refusal(shomei, "0A" * 16, AT_TEN) == "no such certificate"
    assert [fact for fact in house.every_fact() if isinstance(fact, HistoryRead)] == []


def test_nothing_but_the_result_goes_to_standard_output(shomei: CommandLine) -> None:
    told = shomei.run("audit", "replay", "--as-of", AT_TEN, "lock_status", "--json")

    assert json.loads(told.stdout)["view"] == "lock_status"
    assert told.stderr == ""
