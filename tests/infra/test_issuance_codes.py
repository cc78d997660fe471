"""Codes of the second check: one alive for each account, and none past its time (R5.7)."""

from uuid import UUID

import pytest

from infra.issuance_codes import CodeDrawer
from infra.postgres import Database
from tests.support.accounts import MILLISECOND, MINUTE, NINE
from tests.support.rows import write

TARO = UUID("4b1d8f0e-0000-4000-8000-000000000001")
JIRO = UUID("4b1d8f0e-0000-4000-8000-000000000002")


@pytest.fixture
def drawer(database: Database) -> CodeDrawer:
    return CodeDrawer(database)


def test_a_code_is_found_by_its_owner_and_number(drawer: CodeDrawer, database: Database) -> None:
    write(database, drawer.keep(TARO, 1, "123456", NINE))

    assert [drawer.of(TARO, 1), drawer.of(TARO, 2), drawer.of(JIRO, 1)] == ["123456", None, None]


def test_a_newer_one_takes_its_place_with_an_end_of_its_own(drawer: CodeDrawer, database: Database) -> None:
    write(database, drawer.keep(TARO, 1, "123456", NINE))
    write(database, drawer.keep(TARO, 2, "654321", NINE + MINUTE))

    drawer.forget_old(NINE)

    assert [drawer.of(TARO, 1), drawer.of(TARO, 2)] == [None, "654321"]


def test_a_purge_takes_those_whose_time_is_over_alone(drawer: CodeDrawer, database: Database) -> None:
    write(database, drawer.keep(TARO, 1, "123456", NINE), drawer.keep(JIRO, 1, "654321", NINE + MILLISECOND))

    drawer.forget_old(NINE - MILLISECOND)
    before = drawer.of(TARO, 1)
    drawer.forget_old(NINE)

    assert [before, drawer.of(TARO, 1), drawer.of(JIRO, 1)] == ["123456", None, "654321"]


def test_what_an_earlier_version_kept_without_an_end_goes_too(drawer: CodeDrawer, database: Database) -> None:
    database.execute("insert into issuance_codes (owner, number, code) values (%s, 1, '123456')", TARO)

    drawer.forget_old(NINE)

    assert drawer.of(TARO, 1) is None


def test_what_is_forgotten_is_its_owners_alone(drawer: CodeDrawer, database: Database) -> None:
    write(database, drawer.keep(TARO, 1, "123456", NINE), drawer.keep(JIRO, 1, "654321", NINE))

    write(database, drawer.forget(TARO))

    assert [drawer.of(TARO, 1), drawer.of(JIRO, 1)] == [None, "654321"]
