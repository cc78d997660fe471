"""A home of an earlier version: its organizations are told their general users, once (section 1, R6.4)."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from application.ports import Changes
from application.streams import load_organization
from domain.credentials import account_stream
from domain.errors import TooManyUsers
from domain.fact import COMMAND_LINE
from domain.organization_facts import GeneralUserRegistered
from infra.migration import migrate
from tests.support.accounts import COMMITMENT, DAY, HOUR, fact
from tests.support.crowd import refusals, together
from tests.support.database import Dsn
from tests.support.house import NINE, House

TOLD_AT = NINE + HOUR


def registered(house: House, user_id: str, code: str | None = "ACME01", role: str = "general") -> None:
    """As earlier versions wrote it: nothing to the organization's own stream."""
    written = fact(
        "UserRegistered",
        NINE,
        user_id=user_id,
        role=role,
        organization=code,
        person=1,
        commitment=COMMITMENT,
        credential=1,
        password_until=NINE + DAY,
    )
    house.store.save(Changes(account_stream(user_id), 0, [written]))


def closed(house: House, user_id: str) -> None:
    house.store.save(Changes(account_stream(user_id), 1, [fact("AccountClosed", NINE, reason="deleted")]))


def general_users(house: House, code: str = "ACME01") -> tuple[str, ...]:
    return load_organization(house.store, code).state.general_users


@pytest.fixture
def migrated(dsn: Dsn, owner: psycopg.Connection[Any]) -> Callable[[], None]:
    """By the first `migrate` of this version."""

    def run() -> None:
        owner.execute("delete from schema_marks")
        migrate(dsn.owner, dsn.process, lambda: TOLD_AT)

    return run


def test_an_organization_is_told_its_general_users_in_the_order_they_came(
    house: House, migrated: Callable[[], None]
) -> None:
    house.organization("ACME01")
    house.organization("BETA01")
    for user_id, code in (("taro0001", "ACME01"), ("jiro0002", "BETA01"), ("saburo03", "ACME01")):
        registered(house, user_id, code)

    migrated()

    assert general_users(house, "ACME01") == ("taro0001", "saburo03")
    assert general_users(house, "BETA01") == ("jiro0002",)
    told = [each for each in house.every_fact() if isinstance(each, GeneralUserRegistered)]
    assert {(each.at, each.by) for each in told} == {(TOLD_AT, COMMAND_LINE)}


def test_who_is_closed_or_master_or_staff_is_none_of_them(house: House, migrated: Callable[[], None]) -> None:
    house.organization()
    registered(house, "taro0001")
    registered(house, "hanako01", role="master")
    registered(house, "bank0001", code=None, role="bank_admin")
    closed(house, "taro0001")

    migrated()

    assert house.count("GeneralUserRegistered") == 0


def test_whom_this_version_registered_is_not_told_again(house: House, migrated: Callable[[], None]) -> None:
    house.organization()
    registered(house, "taro0001")
    house.register("jiro0002")

    migrated()

    assert general_users(house) == ("jiro0002", "taro0001")


def test_again_nothing_is_told_nor_after_such_a_user_was_closed(house: House, migrated: Callable[[], None]) -> None:
    house.organization()
    registered(house, "taro0001")
    registered(house, "jiro0002")
    migrated()
    house.desk.accounts.close("taro0001", "deleted", COMMAND_LINE, NINE)
    before = house.kinds()

    migrated()

    assert house.kinds() == before
    assert general_users(house) == ("jiro0002",)


def test_of_many_migrates_at_once_one_tells(house: House, dsn: Dsn, owner: psycopg.Connection[Any]) -> None:
    house.organization()
    registered(house, "taro0001")
    owner.execute("delete from schema_marks")

    outcomes = together([lambda: migrate(dsn.owner, dsn.process)] * 4)

    assert refusals(outcomes) == []
    assert house.count("GeneralUserRegistered") == 1


def test_they_count_for_the_limit_and_end_with_their_organization(house: House, migrated: Callable[[], None]) -> None:
    house.organization()
    for number in range(19):
        registered(house, f"taro{number:04}")
    migrated()

    with pytest.raises(TooManyUsers):
        house.register("jiro0001")
    house.desk.organizations.close("ACME01", COMMAND_LINE, NINE)

    assert house.count("AccountClosed") == 19


def test_a_fault_on_the_way_leaves_the_home_as_it_was(
    house: House, dsn: Dsn, owner: psycopg.Connection[Any], migrated: Callable[[], None]
) -> None:
    house.organization()
    registered(house, "taro0001")
    owner.execute("delete from schema_marks")

    def no_clock() -> Any:
        raise RuntimeError("the power is cut")

    with pytest.raises(RuntimeError):
        migrate(dsn.owner, dsn.process, no_clock)

    assert owner.execute("select mark from schema_marks").fetchall() == []
    migrated()
    assert general_users(house) == ("taro0001",)
