"""A person erased, as the bank does it: closed first (R10.6)."""

from domain.fact import COMMAND_LINE
from tests.support.house import TARO, House


def erase(house: House, user_id: str = TARO) -> None:
    if not house.account(user_id).closed:
        house.desk.accounts.close(user_id, "deleted", COMMAND_LINE, house.clock())
    assert house.desk.erasure.erase(user_id, COMMAND_LINE, house.clock())
