"""Form tokens: a POST is taken only from a page of ours in this very browser (screens.md: bad form token 403)."""

import pytest

from tests.support.browser import Browser, Server, certificate_of, form_token
from tests.support.house import RIGHT, TARO, House
from web.cookies import FORM

SENT = (
    *("/login", "/logout", "/issuance", "/issuance/confirm", "/issuance/cancel", "/issuance/close"),
    "/home/password",
)
NOTHING = "画面を開き直してください"
FIELDS = {"user_id": TARO, "password": RIGHT}


@pytest.fixture
def inside(house: House, server: Server) -> Browser:
    """Logged in, with a ticket too: every form would have an effect."""
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()
    return browser


@pytest.mark.parametrize("path", SENT)
def test_without_a_token_nothing_is_done(house: House, inside: Browser, path: str) -> None:
    facts = house.kinds()

    answer = inside.post(path, **FIELDS)

    assert answer.status_code == 403
    assert inside.page.h1 == NOTHING
    assert house.kinds() == facts


@pytest.mark.parametrize("path", SENT)
def test_with_another_browsers_token_nothing_is_done(house: House, server: Server, inside: Browser, path: str) -> None:
    others = server.browser().token()
    facts = house.kinds()

    answer = inside.post(path, csrf_token=others, **FIELDS)

    assert answer.status_code == 403
    assert inside.page.h1 == NOTHING
    assert house.kinds() == facts


@pytest.mark.parametrize("path", ["/logout", "/home/password"])
def test_behind_the_log_in_the_token_is_the_sessions_own(house: House, inside: Browser, path: str) -> None:
    """In the IE 11 engine another host of the domain can plant the form cookie, and know its token (R5.5)."""
    of_the_cookie_alone = inside.token("/issuance")
    facts = house.kinds()

    answer = inside.post(path, csrf_token=of_the_cookie_alone, **FIELDS)

    assert answer.status_code == 403
    assert inside.page.h1 == NOTHING
    assert house.kinds() == facts


def test_a_public_page_opened_before_the_log_in_can_be_sent_after_it(house: House, server: Server) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    before = browser.token("/login")
    browser.log_in()

    assert browser.post("/login", csrf_token=before, **FIELDS).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "\u00e9", "\uff10" * 64, "\ud7ff"])
def test_a_made_up_token_is_refused_whatever_it_is_made_of(browser: Browser, token: str) -> None:
    browser.open("/issuance")

    answer = browser.post("/issuance", csrf_token=token, **FIELDS)

    assert answer.status_code == 403
    assert browser.page.h1 == NOTHING


def test_a_browser_that_keeps_no_cookies_is_told(browser: Browser) -> None:
    token = browser.token()
    browser.client.cookies.clear()

    answer = browser.post("/issuance", csrf_token=token, **FIELDS)

    assert answer.status_code == 403
    assert "Cookie が有効になっているか" in browser.page.main


def test_each_browser_has_a_token_of_its_own(server: Server) -> None:
    tokens = {server.browser().token() for _ in range(3)}

    assert len(tokens) == 3


def test_a_browser_has_one_token_on_every_page_so_that_tabs_and_old_pages_work(browser: Browser) -> None:
    first = browser.token()
    browser.authenticate()
    browser.follow()

    assert browser.answer is not None
    assert {form.fields["csrf_token"] for form in browser.page.forms} == {first}
    assert "set-cookie" not in browser.answer.headers


def test_the_token_is_not_the_cookie(browser: Browser) -> None:
    answer = browser.open("/issuance")

    assert browser.cookies[FORM] not in answer.text


def test_a_token_sent_twice_is_refused(browser: Browser) -> None:
    token = browser.token()

    answer = browser.send("POST", "/issuance", data={"csrf_token": [token, token], **FIELDS})

    assert answer.status_code == 422


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_what_no_form_of_ours_sends_is_refused_unread(house: House, browser: Browser, content_type: str) -> None:
    body = f"csrf_token={browser.token()}&user_id={TARO}&password={RIGHT}".encode()

    answer = browser.send("POST", "/issuance", content=body, headers={"content-type": content_type})

    assert answer.status_code == 422
    assert browser.page.h1 == "受け付けられない内容です"
    assert house.count("PasswordAccepted") == 0


def test_the_content_type_may_name_its_charset_and_be_written_in_any_case(browser: Browser) -> None:
    body = f"csrf_token={browser.token()}&user_id={TARO}&password={RIGHT}".encode()
    form = "Application/X-WWW-Form-Urlencoded ; charset=UTF-8"

    answer = browser.send("POST", "/issuance", content=body, headers={"content-type": form})

    assert answer.status_code == 303


def test_a_page_without_forms_still_has_the_browser_known(browser: Browser) -> None:
    browser.open("/")
    kept = browser.cookies[FORM]

    token = form_token(browser.open("/issuance").text)

    assert browser.cookies[FORM] == kept
    assert browser.post("/issuance", csrf_token=token, **FIELDS).status_code == 303
