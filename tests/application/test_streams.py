"""Loading, deciding and saving, again after a conflict and not for ever (R2.2, R3.5, R8.3)."""

from collections.abc import Callable

import pytest

from application.ports import Changes, Conflict
from application.streams import ATTEMPTS, decide, find_account, load_account, load_organization, mail
from domain.errors import NotFound
from tests.support.accounts import fact
from tests.support.house import NINE, TARO, House


def conflicting(times: int, attempts: list[int]) -> Callable[[], str]:
    """An attempt that succeeds after so many conflicts."""

    def attempt() -> str:
        attempts.append(1)
        if len(attempts) <= times:
            raise Conflict
        return "saved"

    return attempt


def test_after_a_conflict_it_is_decided_again() -> None:
    attempts: list[int] = []

    assert decide(conflicting(ATTEMPTS - 1, attempts)) == "saved"
    assert len(attempts) == ATTEMPTS


def test_a_conflict_without_end_is_told() -> None:
    attempts: list[int] = []

    with pytest.raises(Conflict):
        decide(conflicting(ATTEMPTS, attempts))

    assert len(attempts) == ATTEMPTS


def test_a_refusal_is_told_at_once() -> None:
    attempts: list[int] = []

    def refused() -> None:
        attempts.append(1)
        raise NotFound

    with pytest.raises(NotFound):
        decide(refused)

    assert len(attempts) == 1


def test_an_account_is_found_by_exactly_its_id_and_an_organization_in_any_case(house: House) -> None:
    assert load_account(house.store, TARO).state.user_id == TARO
    assert find_account(house.store, "Taro0001") is None
    assert load_organization(house.store, "acme01").state.code == "ACME01"


def test_a_mail_names_the_place_of_its_cause_and_is_asked_for_once(house: House) -> None:
    found = load_account(house.store, TARO)
    refused = fact("AccessRefused", NINE, by=TARO, reason="locked")
    locked = fact("AccountLocked", NINE, by=TARO, lock=1, until=NINE)
    cause = Changes(found.stream, found.version, [refused, locked])

    asked = mail("locked", TARO, cause, locked)
    house.store.save(cause, asked)

    assert asked.facts == [
        fact("NotificationRequested", NINE, by=TARO, kind="locked", user_id=TARO, stream=found.stream, version=4)
    ]
    assert house.store.load(found.stream)[4 - 1] == locked
    with pytest.raises(Conflict):
        house.store.save(asked)
