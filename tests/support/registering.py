"""A master in a browser, from the letter to 登録: the pages of the first registration, filled in (R7.2)."""

from httpx2 import Response

from tests.support.applicants import OWN_PASSWORD, Letter
from tests.support.browser import Browser
from tests.support.house import MASTER

LOGIN = "/registration/master"
PROFILE, CONFIRM, DONE, CANCEL = (f"{LOGIN}/{step}" for step in ("profile", "confirm", "done", "cancel"))
TYPED = {
    "name": "見本 花子",
    "email": "hanako@example.com",
    "email_again": "hanako@example.com",
    "user_id": MASTER,
    "password": OWN_PASSWORD,
    "password_again": OWN_PASSWORD,
}


def enter(browser: Browser, letter: Letter, password: str | None = None) -> Response:
    """マスターユーザー初期登録ログイン; by default with what stands in the letter."""
    browser.open(LOGIN)
    typed = letter.password if password is None else password
    return browser.submit(LOGIN, organization_code=letter.code, initial_password=typed)


def fill_in(browser: Browser, **changes: str) -> Response:
    """マスターユーザー初期登録, 次へ."""
    browser.open(PROFILE)
    return browser.submit(PROFILE, **TYPED | changes)


def at_profile(browser: Browser, letter: Letter) -> Browser:
    assert enter(browser, letter).status_code == 303
    browser.follow()
    return browser


def at_confirmation(browser: Browser, letter: Letter, **changes: str) -> Browser:
    """The page before 登録 is shown."""
    at_profile(browser, letter)
    assert fill_in(browser, **changes).status_code == 303
    browser.follow()
    return browser


def registered(browser: Browser, letter: Letter) -> Browser:
    """The last page is shown."""
    at_confirmation(browser, letter)
    browser.submit(CONFIRM)
    browser.follow()
    return browser
