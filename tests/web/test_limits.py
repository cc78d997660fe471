"""Two limits per client address: 120 POSTs a minute, 10 user IDs that fail in 60 minutes (R3.10)."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from infra.rate_limits import RateLimits
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.crowd import together
from tests.support.house import RIGHT, TARO, WRONG, House
from tests.support.limited import POSTS, USER_IDS, fail, fail_on, limits_of, posted

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TITLE = "続けてのご利用を、いったん止めています"


@pytest.fixture
def limits(house: House) -> RateLimits:
    return limits_of(house)


@pytest.fixture
def server(house: House, limits: RateLimits) -> Iterator[Server]:
    house.organization()
    house.user()
    with serving(house, limits=limits) as server:
        yield server


# ---- POSTs


def test_the_121st_post_of_a_minute_is_stopped_before_anything_is_hashed(
    house: House, browser: Browser, limits: RateLimits
) -> None:
    posted(limits, POSTS)

    answer = browser.authenticate()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert browser.page.h1 == TITLE
    assert "1分ほどたってから" in browser.page.main
    assert house.passwords.checked == house.passwords.for_nobody == []
    assert house.count("PasswordAccepted") == 0


def test_the_120th_is_served(browser: Browser, limits: RateLimits) -> None:
    posted(limits, POSTS - 1)

    assert browser.authenticate().status_code == 303


def test_a_minute_after_the_first_of_them_one_may_go_on(house: House, browser: Browser, limits: RateLimits) -> None:
    posted(limits, POSTS)

    house.clock.advance(MINUTE - SECOND)
    early = browser.authenticate()
    house.clock.advance(SECOND)

    assert (early.status_code, early.headers["retry-after"]) == (429, "1")
    assert browser.authenticate().status_code == 303


@pytest.mark.parametrize("form", ["/issuance", "/issuance/confirm", "/issuance/cancel", "/issuance/close", "/login"])
def test_every_public_form_is_limited(browser: Browser, limits: RateLimits, form: str) -> None:
    token = browser.token()
    posted(limits, POSTS)

    assert browser.post(form, csrf_token=token).status_code == 429


def test_a_post_without_a_form_token_counts_too(browser: Browser, limits: RateLimits) -> None:
    posted(limits, POSTS - 1)

    statuses = [browser.post("/login", user_id=TARO).status_code for _ in range(2)]

    assert statuses == [403, 429]


@pytest.mark.parametrize("page", ["/", "/issuance", "/healthz", "/readyz"])
def test_pages_are_read_as_often_as_one_likes(browser: Browser, limits: RateLimits, page: str) -> None:
    posted(limits, POSTS)

    assert browser.open(page).status_code == 200


def test_who_is_logged_in_works_on(house: House, server: Server, limits: RateLimits) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()
    posted(limits, POSTS - 1)
    browser.open("/home/password")

    changed = browser.submit("/home/password", current_password=RIGHT, password="sesame77", password_again="sesame77")

    assert (changed.status_code, changed.headers["location"]) == (303, "/home")
    browser.open("/home")
    assert browser.submit("/logout").status_code == 303


def test_what_the_logged_in_send_does_not_count(house: House, server: Server, limits: RateLimits) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()
    posted(limits, POSTS - 2)
    browser.open("/home")
    browser.submit("/logout")

    assert browser.log_in().status_code == 303


# ---- user IDs


def test_the_11th_user_id_that_fails_in_an_hour_is_stopped_before_anything_is_hashed(
    house: House, browser: Browser
) -> None:
    first_ten = fail_on(browser, USER_IDS)
    looked_at = len(house.passwords.checked) + len(house.passwords.for_nobody)

    answer = browser.authenticate("hanako01", WRONG)

    assert first_ten == [401] * USER_IDS
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert browser.page.h1 == TITLE
    assert "60分ほどたってから" in browser.page.main
    assert len(house.passwords.checked) + len(house.passwords.for_nobody) == looked_at == USER_IDS


def test_nobody_else_can_be_locked_from_there(house: House, browser: Browser) -> None:
    fail_on(browser, USER_IDS)

    statuses = [fail(browser, TARO) for _ in range(6)]

    assert statuses == [429] * 6
    assert house.account().lockout.failures == 0
    assert browser.authenticate().status_code == 429


def test_the_ten_may_still_be_tried(browser: Browser) -> None:
    fail_on(browser, USER_IDS - 1)
    statuses = [fail(browser, TARO), fail(browser, "hanako01"), fail(browser, "jiro0001"), fail(browser, TARO.upper())]

    assert statuses == [401, 429, 401, 401]
    assert browser.authenticate().status_code == 303


def test_both_entries_count_together(house: House, server: Server) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    fail_on(browser, USER_IDS - 1)

    at_login = browser.log_in(TARO, WRONG).status_code

    assert (at_login, fail(browser, "hanako01")) == (401, 429)


def test_at_the_login_too_the_11th_is_stopped(house: House, server: Server) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    fail_on(browser, USER_IDS)

    answer = browser.log_in()

    assert (answer.status_code, browser.page.h1) == (429, TITLE)
    assert RIGHT not in house.passwords.checked[1:]


def test_right_passwords_do_not_count(house: House, browser: Browser) -> None:
    for number in range(1, USER_IDS + 3):
        house.user(f"saburo{number:02}")
        assert browser.authenticate(f"saburo{number:02}").status_code == 303

    assert fail_on(browser, USER_IDS) == [401] * USER_IDS


def test_after_sixty_minutes_others_may_fail(house: House, browser: Browser) -> None:
    fail_on(browser, USER_IDS)

    house.clock.advance(60 * MINUTE - SECOND)
    early = fail(browser, "hanako01")
    house.clock.advance(SECOND)

    assert early == 429
    assert fail(browser, "hanako01") == 401


def test_of_many_browsers_of_one_address_at_once_ten_user_ids_are_tried(house: House, server: Server) -> None:
    browsers = [server.browser() for _ in range(24)]
    for browser in browsers:
        browser.open("/issuance")

    answers = together(
        [
            partial(browser.submit, "/issuance", user_id=f"jiro{number // 2:04}", password=WRONG)
            for number, browser in enumerate(browsers)
        ]
    )

    statuses = sorted(getattr(answer, "status_code", 0) for answer in answers)
    assert statuses == [401] * 2 * USER_IDS + [429] * 4
    assert len(house.passwords.for_nobody) == 2 * USER_IDS
    assert house.database.execute("select count(*) as ids from rate_user_ids") == [{"ids": USER_IDS}]


# ---- off


def test_zero_takes_the_limit_on_posts_off(house: House) -> None:
    house.organization()
    house.user()
    limits = limits_of(house, posts=0)
    with serving(house, limits=limits) as server:
        posted(limits, POSTS)

        assert server.browser().authenticate().status_code == 303


def test_zero_takes_the_limit_on_user_ids_off(house: House) -> None:
    with serving(house, limits=limits_of(house, user_ids=0)) as server:
        assert fail_on(server.browser(), USER_IDS + 2) == [401] * (USER_IDS + 2)
