"""The limits per client address as processes keep them, used up quickly (R3.10)."""

from infra.rate_limits import RateLimits
from tests.support.browser import Browser
from tests.support.house import WRONG, House

CLIENT = "192.0.2.1"  # of a browser that does not say otherwise
POSTS = 120
USER_IDS = 10


def limits_of(house: House, posts: int = POSTS, user_ids: int = USER_IDS) -> RateLimits:
    return RateLimits(house.database, house.clock, posts=posts, user_ids=user_ids)


def posted(limits: RateLimits, times: int, client: str = CLIENT) -> None:
    """So many POSTs of that address just now."""
    for _ in range(times):
        limits.post(client)


def fail(browser: Browser, user_id: str) -> int:
    return browser.authenticate(user_id, WRONG).status_code


def fail_on(browser: Browser, how_many: int) -> list[int]:
    """Wrong tries on so many user IDs, that nobody has."""
    return [fail(browser, f"jiro{number:04}") for number in range(1, how_many + 1)]
