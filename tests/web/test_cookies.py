"""Our cookies as a browser gets them: bound to this host and to TLS, unread by script, gone with the window."""

import pytest
from httpx2 import Response
from starlette.requests import Request

from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import House
from web.cookies import FORM, LONGEST, NOTE, REGISTRATION, SESSION, TICKET, read

KEPT = {"path=/", "secure", "httponly", "samesite=lax"}


def set_cookies(answer: Response) -> dict[str, set[str]]:
    """By name: the attributes, in lower case."""
    lines = [line.partition("=") for line in answer.headers.get_list("set-cookie")]
    return {name: {part.strip().lower() for part in rest.split(";")[1:]} for name, _, rest in lines}


def request_with(cookies: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookies.encode("latin-1"))]})


@pytest.fixture
def member(house: House, server: Server) -> Browser:
    house.issue()
    return server.browser(certificate_of(house))


def test_every_name_binds_the_cookie_to_this_host() -> None:
    assert [name for name in (SESSION, TICKET, REGISTRATION, FORM, NOTE) if not name.startswith("__Host-")] == []


def test_a_page_sets_the_forms_cookie_and_no_other(browser: Browser) -> None:
    assert set_cookies(browser.open("/")) == {FORM: KEPT}


def test_4_sets_the_tickets_cookie(browser: Browser) -> None:
    assert set_cookies(browser.authenticate()) == {TICKET: KEPT}


def test_the_login_sets_the_sessions_cookie(member: Browser) -> None:
    assert set_cookies(member.log_in()) == {SESSION: KEPT}


def test_logging_out_drops_the_session_and_leaves_a_note(member: Browser) -> None:
    member.log_in()
    member.follow()

    out = set_cookies(member.submit("/logout"))
    seen = set_cookies(member.follow())

    assert out[SESSION] > KEPT | {"max-age=0"}
    assert out[NOTE] == KEPT
    assert seen[NOTE] > KEPT | {"max-age=0"}


def test_the_secrets_in_cookies_are_new_at_every_login(member: Browser) -> None:
    member.log_in()
    first = member.cookies[SESSION]

    member.log_in()

    assert member.cookies[SESSION] != first
    assert len(first) == 43


# ---- reading


def test_a_value_of_ours_is_read() -> None:
    assert read(request_with(f"{SESSION}=abc-_123"), SESSION) == "abc-_123"


def test_the_longest_value_read_is_128_characters() -> None:
    assert read(request_with(f"{SESSION}={'a' * LONGEST}"), SESSION) == "a" * 128
    assert read(request_with(f"{SESSION}={'a' * (LONGEST + 1)}"), SESSION) is None


@pytest.mark.parametrize("value", ["", '""', '"\\000"', '"\\012"', "\u00e9", "\u0085"])
def test_a_value_that_cannot_be_ours_is_none(value: str) -> None:
    assert read(request_with(f"{SESSION}={value}"), SESSION) is None


def test_another_cookie_is_not_taken_for_ours() -> None:
    assert read(request_with(f"x{SESSION}=a; {SESSION.lower()}=b"), SESSION) is None
