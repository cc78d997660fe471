"""Saves that lock rows of several tables do so in one order, or two of them might wait for each other (R3.5)."""

import pytest

from domain.policy import Policy
from tests.support.accounts import HOUR
from tests.support.house import MASTER, NINE, RENEWAL, RIGHT, TARO, House

ORDER = ["sessions", "tickets", "issuance_codes", "vault_persons", "vault_verifiers", "certificate_index"]
WITH_REGISTRATIONS = [*ORDER[:3], "registrations", *ORDER[3:]]


def in_order(tables: list[str]) -> bool:
    return tables == sorted(tables, key=ORDER.index)


@pytest.mark.parametrize("policy", [Policy(supersede="now"), Policy()], ids=["at the issue", "at the first log-in"])
def test_every_save_writes_to_sessions_then_tickets_then_codes_then_the_vault(house: House) -> None:
    house.issue()
    session = house.log_in()
    house.clock.set(RENEWAL)
    house.issue()
    house.log_in(2)
    house.desk.accounts.change_password(TARO, RIGHT, "tulip2026", "tulip2026", session=session)
    house.desk.accounts.reset_password(TARO, MASTER, RENEWAL)
    house.desk.revocation.revoke_user(TARO, "lost", MASTER, RENEWAL, requested_by="見本 花子")

    several = [tables for tables in house.between.written if len(set(tables)) > 1]
    assert [tables for tables in several if not in_order(tables)] == []
    assert {table for tables in several for table in tables} == set(ORDER)


def test_a_closing_does_so_too(house: House) -> None:
    house.issue()

    house.desk.accounts.close(TARO, "deleted", MASTER, NINE)

    assert in_order(house.between.written[-1])
    assert set(house.between.written[-1]) == {"sessions", "tickets", "issuance_codes"}


def test_a_block_does_so_too(house: House) -> None:
    house.issue()
    house.log_in()

    for hour in range(3):
        house.clock.set(NINE + hour * HOUR)
        house.fail(6)

    assert house.account().lockout.blocked
    assert house.between.written[-1] == ["sessions", "tickets"]


def test_an_erasure_does_so_too(house: House) -> None:
    house.desk.accounts.close(TARO, "deleted", MASTER, NINE)

    house.desk.erasure.erase(TARO, MASTER, NINE)

    assert house.between.written[-1] == WITH_REGISTRATIONS[:-1]
