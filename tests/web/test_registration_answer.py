"""One answer to every refused try with the letter, and the limits of an address (R3.9, R3.10, R7.2)."""

from collections.abc import Callable, Iterator

import pytest
from httpx2 import Response

from domain.fact import COMMAND_LINE
from tests.support.accounts import DAY, HOUR
from tests.support.applicants import CODE, Letter, letter_to
from tests.support.browser import Browser, Server, serving
from tests.support.house import NINE, TARO, WRONG, House
from tests.support.limited import POSTS, USER_IDS, fail_on, limits_of, posted
from tests.support.registering import CANCEL, CONFIRM, LOGIN, PROFILE, enter
from tests.web.test_one_answer import WatchedSite, seen
from web.cookies import REGISTRATION


@pytest.fixture
def letter(house: House, server: Server) -> Letter:
    return letter_to(house)


def tried(browser: Browser, code: str, password: str) -> Response:
    browser.open(LOGIN)
    return browser.submit(LOGIN, organization_code=code, initial_password=password)


def wrong(letter: Letter) -> None:
    """A letter like any other."""


def locked(letter: Letter) -> None:
    letter.fail(6)


def about_to_lock(letter: Letter) -> None:
    letter.fail(5)


def about_to_block(letter: Letter) -> None:
    for hour, times in enumerate((6, 6, 5)):
        letter.house.clock.set(NINE + hour * HOUR)
        letter.fail(times)


def blocked(letter: Letter) -> None:
    about_to_block(letter)
    letter.fail(1)


def closed(letter: Letter) -> None:
    letter.house.desk.organizations.close(CODE, COMMAND_LINE, letter.house.clock())


def used(letter: Letter) -> None:
    letter.register(letter.proposed())


def expired(letter: Letter) -> None:
    letter.house.clock.set(NINE + 80 * DAY)


def replaced(letter: Letter) -> None:
    letter.house.desk.organizations.initialize(CODE, COMMAND_LINE, letter.house.clock())


@pytest.mark.parametrize(
    ("state", "right"),
    [
        *((state, False) for state in (wrong, about_to_lock, about_to_block, used, expired)),
        *((held, right) for held in (locked, blocked, closed, replaced) for right in (True, False)),
    ],
)
def test_every_state_of_a_letter_gets_the_answer_of_an_unknown_code(
    browser: Browser, letter: Letter, state: Callable[[Letter], None], right: bool
) -> None:
    state(letter)
    unknown = seen(tried(browser, "NOSUCH", WRONG), "NOSUCH")

    known = seen(tried(browser, CODE, letter.password if right else WRONG), CODE)

    assert known == unknown
    assert known[0] == 401


def test_the_code_of_a_user_is_unknown_here(house: House, browser: Browser) -> None:
    facts = house.kinds()

    assert seen(tried(browser, TARO, WRONG), TARO) == seen(tried(browser, "nosuch01", WRONG), "nosuch01")
    assert house.kinds() == facts


def test_the_answer_tells_the_rule_and_no_reason(browser: Browser, letter: Letter) -> None:
    answer = tried(browser, CODE, WRONG)

    assert "団体コードまたは初期パスワードが正しくないか、現在ご利用いただけない状態です" in browser.page.main
    assert "続けて6回間違えると、60分間ご利用いただけません" in browser.page.main
    assert "続けて6回で「ロック」" in browser.page.main
    assert browser.page.form(LOGIN).fields["organization_code"] == CODE
    assert WRONG not in answer.text
    assert REGISTRATION not in browser.cookies


@pytest.mark.parametrize(
    ("code", "password", "waited"),
    [(CODE, WRONG, 1), ("NOSUCH", WRONG, 1), (CODE, "sesame", 0), (CODE, "", 0)],
)
def test_a_refused_try_waits_for_the_floor_and_nothing_else_does(
    house: House, letter: Letter, code: str, password: str, waited: int
) -> None:
    with serving(house, WatchedSite) as watched:
        tried(watched.browser(), code, password)

        assert isinstance(watched.site, WatchedSite)
        assert watched.site.waited == waited


@pytest.mark.parametrize("late", [False, True])
def test_who_knows_the_right_one_does_not_wait(house: House, letter: Letter, late: bool) -> None:
    house.clock.set(NINE + 80 * DAY * late)
    with serving(house, WatchedSite) as watched:
        answer = enter(watched.browser(), letter)

        assert answer.status_code == (409 if late else 303)
        assert isinstance(watched.site, WatchedSite)
        assert watched.site.waited == 0


# ---- the limits of an address


@pytest.fixture
def limited(house: House, letter: Letter) -> Iterator[Server]:
    with serving(house, limits=limits_of(house)) as server:
        yield server


@pytest.mark.parametrize("path", [LOGIN, PROFILE, CONFIRM, CANCEL])
def test_the_121st_post_of_a_minute_is_stopped_on_every_form(house: House, limited: Server, path: str) -> None:
    browser = limited.browser()
    token = browser.token()
    posted(limits_of(house), POSTS)

    answer = browser.post(path, csrf_token=token)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


def test_the_11th_code_that_fails_in_an_hour_is_stopped_before_anything_is_hashed(
    house: House, limited: Server, letter: Letter
) -> None:
    browser = limited.browser()
    failed = [tried(browser, f"ORG{number:04}", WRONG).status_code for number in range(USER_IDS)]
    hashed = len(house.passwords.for_nobody)

    answer = enter(browser, letter)

    assert (failed, answer.status_code) == ([401] * USER_IDS, 429)
    assert len(house.passwords.for_nobody) == hashed
    assert house.passwords.checked == []
    assert tried(browser, "ORG0003", WRONG).status_code == 401


def test_codes_and_user_ids_count_together(limited: Server, letter: Letter) -> None:
    browser = limited.browser()
    fail_on(browser, USER_IDS - 1)

    tenth, eleventh = tried(browser, "ORG0001", WRONG), enter(browser, letter)

    assert (tenth.status_code, eleventh.status_code) == (401, 429)


def test_a_code_that_reads_like_a_user_id_is_another_one(limited: Server, letter: Letter) -> None:
    browser = limited.browser()
    fail_on(browser, USER_IDS)

    answer = tried(browser, "jiro0001", WRONG)

    assert answer.status_code == 429


def test_one_code_in_any_case_is_one(limited: Server) -> None:
    browser = limited.browser()
    for code in ("ORG0001", "org0001", "Org0001") * USER_IDS:
        assert tried(browser, code, WRONG).status_code == 401


@pytest.mark.parametrize("late", [False, True])
def test_a_right_one_does_not_count_even_where_it_is_too_late(
    house: House, limited: Server, letter: Letter, late: bool
) -> None:
    house.clock.set(NINE + 80 * DAY * late)
    browser = limited.browser()
    for number in range(USER_IDS - 1):
        tried(browser, f"ORG{number:04}", WRONG)

    answers = [enter(browser, letter), tried(browser, "ORG9999", WRONG)]

    assert [answer.status_code for answer in answers] == [409 if late else 303, 401]
