"""`shomei projections rebuild | check` (R10.3; screens.md, "Command line")."""

from collections.abc import Iterator

import pytest

from infra.postgres import Database
from infra.views import CurrentViews
from projections.copies import COPYING
from projections.runner import Connection, catch_up, connect
from tests.support.command_line import CommandLine
from tests.support.copies import KINDS
from tests.support.database import Dsn
from tests.support.house import TARO, House

NAMES = [kind().name for kind in KINDS]


@pytest.fixture
def connection(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "test") as connection:
        yield connection


@pytest.fixture
def begun(house: House, connection: Connection, database: Database) -> int:
    """The views of one user; where they stand."""
    house.organization()
    house.user()
    for view in CurrentViews(database).all:
        catch_up(connection, view, house.store)
    return house.store.head()


def test_a_rebuild_tells_the_position_it_was_switched_at(
    shomei: CommandLine, connection: Connection, begun: int
) -> None:
    connection.execute("delete from views.lock_status_3")

    told = shomei.run("projections", "rebuild", "lock_status")

    assert (told.exit_code, told.stdout) == (0, f"name: lock_status\nposition: {begun}\n")
    assert connection.execute("select user_id from views.lock_status_3").fetchall() == [{"user_id": TARO}]


def test_a_rebuild_as_one_object(shomei: CommandLine, begun: int) -> None:
    assert shomei.json("projections", "rebuild", "people") == {"name": "people", "position": begun}


def test_a_view_never_begun_is_built_by_a_rebuild(shomei: CommandLine, house: House) -> None:
    house.organization()

    assert shomei.json("projections", "rebuild", "people")["position"] == house.store.head()


def test_a_check_tells_how_many_rows_it_compared(shomei: CommandLine, begun: int) -> None:
    told = shomei.run("projections", "check", "lock_status")

    assert (told.exit_code, told.stdout) == (0, "lock_status: 1 rows, as a replay of 5 facts gives them\n")


def test_a_check_as_one_object(shomei: CommandLine, begun: int) -> None:
    assert shomei.json("projections", "check", "lock_status") == {
        "name": "lock_status",
        "equal": True,
        "position": begun,
        "facts": 5,
        "rows": 1,
        "difference": None,
    }


def test_a_check_names_the_first_difference_and_fails(shomei: CommandLine, connection: Connection, begun: int) -> None:
    connection.execute("update views.lock_status_3 set blocked = true")

    refusal = shomei.refusal("projections", "check", "lock_status")

    assert refusal.startswith("lock_status differs at lock_status_3, stream ")
    assert refusal.endswith(f"user_id {TARO}: column blocked: true stands there, a fresh replay gives false")


def test_a_difference_as_one_object_fails_too(shomei: CommandLine, connection: Connection, begun: int) -> None:
    connection.execute("delete from views.lock_status_3")

    told = shomei.run("projections", "check", "lock_status", "--json")

    assert told.exit_code == 1
    assert '"equal": false' in told.stdout
    assert '"live": "no row", "fresh": "a row"' in told.stdout


@pytest.mark.parametrize("act", ["rebuild", "check"])
def test_an_unknown_name_is_answered_with_those_there_are(shomei: CommandLine, act: str) -> None:
    assert shomei.refusal("projections", act, "lock") == f"no read model lock: there are {', '.join(NAMES)}"


@pytest.mark.parametrize("act", ["rebuild", "check"])
def test_of_two_at_once_the_second_is_told_in_one_sentence(
    shomei: CommandLine, connection: Connection, begun: int, act: str
) -> None:
    connection.execute("select pg_advisory_lock(%s, hashtext('people'))", [COPYING])

    refusal = shomei.refusal("projections", act, "people")

    assert refusal == "people is being rebuilt or checked by another command: wait for its end"


def test_a_view_that_is_read_without_a_pause_is_left_as_it_is(
    shomei: CommandLine, connection: Connection, begun: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.rebuild.WAIT_FOR_READERS", "1ms")
    monkeypatch.setattr("projections.rebuild.PAUSES", (0.001,))
    with connection.transaction():
        connection.execute("select count(*) from views.people_2_users")

        refusal = shomei.refusal("projections", "rebuild", "people")

    assert refusal == "people is being read without a pause: nothing was changed, try again"


def test_a_view_never_begun_cannot_be_checked(shomei: CommandLine) -> None:
    refusal = shomei.refusal("projections", "check", "people")

    assert refusal == "people was never made: start `shomei project`, or rebuild it"
