"""A program's token: one to ninety days, for staff alone, ended by its time or by hand (R9.4)."""

from typing import get_args

import pytest

from domain.api_token import ApiToken, TokenIssued, TokenRevoked, api_token_from, token_stream
from domain.errors import InvalidInput, NothingToRevoke, NotPermitted
from domain.user_account_facts import STAFF, Role
from tests.support.accounts import DAY, HOUR, MILLISECOND, NINE, TARO, fact

BANK = "bank0001"
ISSUED = TokenIssued(at=NINE, by=BANK, token_id="t1", user_id="audit001", until=NINE + 90 * DAY)
TOKEN = ApiToken(token_id="t1", user_id="audit001", until=NINE + 90 * DAY)


@pytest.mark.parametrize("days", [1, 90])
def test_a_token_lives_as_many_days_as_were_asked_for(days: int) -> None:
    decided = ApiToken.issue("t1", "audit001", "auditor", days, BANK, NINE)

    assert decided == [
        fact("TokenIssued", NINE, by=BANK, token_id="t1", user_id="audit001", until=NINE + days * DAY),
    ]


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_it_lives_no_shorter_and_no_longer(days: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ApiToken.issue("t1", "audit001", "auditor", days, BANK, NINE)

    assert refusal.value.faults == {"days": "range"}


@pytest.mark.parametrize("role", sorted({*get_args(Role)}.difference(STAFF)))
def test_only_staff_may_have_one(role: Role) -> None:
    with pytest.raises(NotPermitted):
        ApiToken.issue("t1", TARO, role, 1, BANK, NINE)


def test_it_lives_to_its_last_moment() -> None:
    assert api_token_from([ISSUED]) == TOKEN
    assert TOKEN.is_live(NINE + 90 * DAY - MILLISECOND)
    assert not TOKEN.is_live(NINE + 90 * DAY)


def test_a_revoked_one_is_dead_at_once_and_is_not_revoked_again() -> None:
    decided = TOKEN.revoke(BANK, NINE + HOUR)
    revoked = api_token_from([ISSUED, *decided])

    assert decided == [TokenRevoked(at=NINE + HOUR, by=BANK)]
    assert revoked is not None
    assert not revoked.is_live(NINE + HOUR)
    with pytest.raises(NothingToRevoke, match="t1"):
        revoked.revoke(BANK, NINE + HOUR)


def test_one_that_has_run_out_is_not_revoked() -> None:
    with pytest.raises(NothingToRevoke):
        TOKEN.revoke(BANK, NINE + 90 * DAY)


def test_facts_of_another_kind_change_nothing_and_nothing_begins_without_an_issue() -> None:
    another = fact("PasswordFailed", NINE, entry="login")

    assert api_token_from([]) is None
    assert api_token_from([another, TokenRevoked(at=NINE, by=BANK)]) is None
    assert api_token_from([ISSUED, another]) == TOKEN


def test_each_token_has_a_stream_of_its_own() -> None:
    assert token_stream("t1") == token_stream("t1")
    assert token_stream("t1") != token_stream("t2")
