"""API tokens: read-only, of one staff account, at most 90 days, with its certificate or on the private port (R9.4)."""

import pytest

from application.tokens import Tokens
from domain.errors import AccountIsClosed, InvalidInput, NotFound, NothingToRevoke, NotPermitted, TokenRefused
from domain.fact import COMMAND_LINE
from tests.support.accounts import DAY, MILLISECOND
from tests.support.house import NINE, RIGHT, TARO, House

ADMIN = "bank0001"


@pytest.fixture
def house(house: House) -> House:
    """A bank admin with a certificate, and a general user with his."""
    house.staff(ADMIN)
    house.desk.certification.issue_to_file(ADMIN, RIGHT, COMMAND_LINE, house.clock())
    house.issue()
    return house


@pytest.fixture
def tokens(house: House) -> Tokens:
    return house.desk.tokens


def issued(tokens: Tokens, house: House, days: int = 90) -> tuple[str, str]:
    token, secret = tokens.issue(ADMIN, days, COMMAND_LINE, house.clock())
    return token.token_id, secret


def refused(tokens: Tokens, house: House, secret: str, fingerprint: str | None = None, *, private: bool = True) -> str:
    with pytest.raises(TokenRefused) as told:
        tokens.reader(secret, fingerprint, private, house.clock())
    return str(told.value)


def test_a_token_reads_as_its_staff_account_on_the_private_port(house: House, tokens: Tokens) -> None:
    _, secret = issued(tokens, house)

    assert tokens.reader(secret, None, True, house.clock()) == (ADMIN, "bank_admin")


def test_elsewhere_it_needs_that_accounts_own_certificate(house: House, tokens: Tokens) -> None:
    _, secret = issued(tokens, house)

    assert tokens.reader(secret, house.fingerprint(1, ADMIN), False, house.clock()) == (ADMIN, "bank_admin")
    assert refused(tokens, house, secret, None, private=False) == "certificate_none"
    assert refused(tokens, house, secret, house.fingerprint(1, TARO), private=False) == "certificate_of_another"
    assert refused(tokens, house, secret, "ab" * 32, private=False) == "certificate_unknown"


def test_it_does_not_open_with_a_revoked_certificate(house: House, tokens: Tokens) -> None:
    _, secret = issued(tokens, house)
    house.desk.revocation.revoke_user(ADMIN, "lost", COMMAND_LINE, house.clock())

    assert refused(tokens, house, secret, house.fingerprint(1, ADMIN), private=False) == "certificate_revoked"


@pytest.mark.parametrize("days", [0, 91])
def test_a_token_lives_one_to_ninety_days(house: House, tokens: Tokens, days: int) -> None:
    with pytest.raises(InvalidInput):
        tokens.issue(ADMIN, days, COMMAND_LINE, house.clock())


def test_it_opens_until_the_last_moment_of_its_days_and_no_longer(house: House, tokens: Tokens) -> None:
    _, secret = issued(tokens, house, days=1)

    house.clock.set(NINE + DAY - MILLISECOND)
    assert tokens.reader(secret, None, True, house.clock())[0] == ADMIN

    house.clock.set(NINE + DAY)
    assert refused(tokens, house, secret) == "unknown"


def test_only_staff_may_have_one(house: House, tokens: Tokens) -> None:
    with pytest.raises(NotPermitted):
        tokens.issue(TARO, 90, COMMAND_LINE, house.clock())


def test_a_revoked_token_opens_nothing_and_is_not_revoked_twice(house: House, tokens: Tokens) -> None:
    token_id, secret = issued(tokens, house)

    tokens.revoke(token_id, COMMAND_LINE, house.clock())

    assert refused(tokens, house, secret) == "unknown"
    assert tokens.live(house.clock()) == []
    assert house.database.execute("select hash from api_tokens") == []
    with pytest.raises(NothingToRevoke):
        tokens.revoke(token_id, COMMAND_LINE, house.clock())


def test_it_ends_with_its_account(house: House, tokens: Tokens) -> None:
    _, secret = issued(tokens, house)

    house.record(lambda account: account.close("left", COMMAND_LINE, house.clock()), ADMIN)

    assert refused(tokens, house, secret) == "account"
    assert tokens.live(house.clock()) == []
    with pytest.raises(AccountIsClosed):
        tokens.issue(ADMIN, 90, COMMAND_LINE, house.clock())


def test_it_sleeps_while_the_account_is_suspended_and_not_while_it_is_locked(house: House, tokens: Tokens) -> None:
    _, secret = issued(tokens, house)

    for _ in range(6):
        house.record(lambda account: account.fail_password("login", house.clock()), ADMIN)
    assert tokens.reader(secret, None, True, house.clock())[0] == ADMIN

    house.record(lambda account: account.suspend(COMMAND_LINE, house.clock()), ADMIN)
    assert refused(tokens, house, secret) == "account"
    assert [token.user_id for token in tokens.live(house.clock())] == [ADMIN]


def test_the_list_names_what_lives_the_oldest_first(house: House, tokens: Tokens) -> None:
    first, _ = issued(tokens, house, days=1)
    second, _ = issued(tokens, house, days=2)

    assert [token.token_id for token in tokens.live(house.clock())] == [first, second]

    house.clock.set(NINE + DAY)
    assert [token.token_id for token in tokens.live(house.clock())] == [second]


def test_neither_the_secret_nor_its_likeness_is_stored(house: House, tokens: Tokens) -> None:
    token_id, secret = issued(tokens, house)

    rows = house.database.execute("select hash, token_id from api_tokens")
    facts = repr(house.every_fact())

    assert [row["token_id"] for row in rows] == [token_id]
    assert (len(bytes.fromhex(token_id)), len(secret)) == (8, 43)  # of 32 random octets
    assert secret not in facts
    assert secret not in str(rows)


@pytest.mark.parametrize("secret", ["", "x", "あ" * 10, "a" * 5000])
def test_what_was_never_given_out_opens_nothing(house: House, tokens: Tokens, secret: str) -> None:
    assert refused(tokens, house, secret) == "unknown"


def test_an_unknown_id_cannot_be_revoked(house: House, tokens: Tokens) -> None:
    with pytest.raises(NotFound, match=r"^token$"):
        tokens.revoke("00" * 8, COMMAND_LINE, house.clock())
