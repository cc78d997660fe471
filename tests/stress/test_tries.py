"""Many guesses on one account over hours: counted are the checks, not only the facts (R3.1-R3.5)."""

from tests.support.accounts import HOUR
from tests.support.crowd import together
from tests.support.house import NINE, TARO, WRONG, House


def test_of_eight_times_sixty_wrong_passwords_eighteen_are_looked_at_and_the_account_is_blocked_once(
    house: House,
) -> None:
    house.organization()
    house.user()

    for hours in range(3):
        house.clock.set(NINE + hours * HOUR)
        together([lambda: house.fail(20)] * 8)

    assert house.passwords.checked == [WRONG] * 18
    assert (house.count("PasswordFailed"), house.count("AccountLocked"), house.count("AccountBlocked")) == (18, 3, 1)
    assert house.mails() == ["locked", "locked", "blocked"]
    assert house.account(TARO).lockout.blocked
