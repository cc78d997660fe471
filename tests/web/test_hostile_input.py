"""Whatever is sent, the answer is a clear page: no bug, no stack trace, no echo of what was hidden (R2.1, R2.3)."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.browser import Browser, certificate_of
from tests.support.cookies import COOKIES
from tests.support.house import RIGHT, TARO, House
from tests.support.html import Page
from tests.support.queries import QUERIES
from tests.web.addresses import SENT, SHOWN
from web.cookies import FORM, SESSION

FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}
SHORT = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # what was done before only makes the walk longer
)
NAMED = {"user_id": TARO, "code": "ACME01", "serial": "0A1B", "view": "lock_status", "size": "1"} | dict.fromkeys(
    ("notification", "approval"), "0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04"
)
PAGES = tuple(path.format_map(NAMED) for path in SHOWN)
FORMS = tuple(path.format_map(NAMED) for path in SENT)
STAFFS_FORMS = tuple(path for path in FORMS if path.startswith(("/bank", "/home")))
QUESTIONS = tuple(path.format_map(NAMED) for asked in QUERIES.values() for path in asked)
ASKED = sorted({name for asked in QUERIES.values() for query in asked.values() for name in query})
TEXT = st.text(max_size=40) | st.sampled_from(["\0", "\ufffd", "<script>", "a" * 5000, "\u202e", "'; drop table", TARO])
NAMES = st.text(max_size=8) | st.sampled_from(
    [
        *("user_id", "password", "ticket", "current_password", "password_again", "organization_code"),
        *("initial_password", "own_password", "email", "email_again", "name", "code", "reason", "registration"),
        *("profile", "language"),
    ]
)
FILTERS = st.sampled_from([*ASKED, "lang", "cursor"]) | st.text(max_size=8)
COOKIE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=200)


def is_clear(answer: Response) -> bool:
    """A page of ours with one heading, a way on, or for a program what it asked; never a bug, nor a word of one."""
    if answer.status_code == 303:
        return answer.headers["location"].startswith("/")
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    return answer.status_code < 500 and "Traceback" not in answer.text and (not is_page or Page(answer.text).h1 != "")


@pytest.fixture
def token(browser: Browser) -> str:
    """The browser's own, so that the form is read."""
    return browser.token()


@pytest.fixture
def readers(admin: Browser, auditor: Browser, project: Callable[[], None]) -> tuple[Browser, Browser]:
    """Of the lists and of the history, which the read models know."""
    project()
    return admin, auditor


@pytest.fixture
def token_at_home(readers: tuple[Browser, Browser]) -> str:
    """The admin's; wrong passwords may end the log-in meanwhile."""
    return readers[0].token("/home")


@SHORT
@given(path=st.sampled_from(FORMS), fields=st.dictionaries(NAMES, TEXT, max_size=6))
def test_any_fields_get_a_clear_answer(browser: Browser, token: str, path: str, fields: dict[str, str]) -> None:
    answer = browser.post(path, **fields | {"csrf_token": token})

    assert is_clear(answer)


@SHORT
@given(path=st.sampled_from(STAFFS_FORMS), fields=st.dictionaries(NAMES, TEXT, max_size=6))
def test_any_fields_behind_the_log_in_get_a_clear_answer(
    admin: Browser, token_at_home: str, path: str, fields: dict[str, str]
) -> None:
    answer = admin.post(path, **{"own_password": RIGHT} | fields | {"csrf_token": token_at_home})

    assert is_clear(answer)


@SHORT
@given(path=st.sampled_from(QUESTIONS), query=st.dictionaries(FILTERS, TEXT, max_size=4))
def test_any_question_gets_a_clear_answer(readers: tuple[Browser, Browser], path: str, query: dict[str, str]) -> None:
    answers = [reader.send("GET", path, params=query) for reader in readers]

    assert [is_clear(answer) for answer in answers] == [True, True]


@SHORT
@given(path=st.sampled_from(FORMS), body=st.binary(max_size=200))
def test_any_body_gets_a_clear_answer(browser: Browser, token: str, path: str, body: bytes) -> None:
    answer = browser.send("POST", path, content=f"csrf_token={token}&".encode() + body, headers=FORM_TYPE)

    assert is_clear(answer)


@SHORT
@given(path=st.sampled_from(PAGES), name=st.sampled_from(COOKIES), value=COOKIE)
def test_any_cookie_gets_a_clear_answer(browser: Browser, path: str, name: str, value: str) -> None:
    answer = browser.send("GET", path, headers=[(b"cookie", f"{name}={value}".encode("latin-1"))])

    assert is_clear(answer)


@SHORT
@given(
    path=st.sampled_from(PAGES),
    name=st.sampled_from(
        [
            *("host", "accept-language", "client-cert", "x-forwarded-for", "content-type", "if-none-match"),
            *("authorization", "user-agent", "x-real-ip", "x-ssl-client-verify", "x-ssl-protocol", "range"),
        ]
    ),
    value=COOKIE,
)
def test_any_header_gets_a_clear_answer(browser: Browser, path: str, name: str, value: str) -> None:
    answer = browser.send("GET", path, headers=[(name.encode(), value.encode("latin-1"))])

    assert is_clear(answer)


@SHORT
@given(path=st.text(max_size=30))
def test_any_address_gets_a_clear_answer(browser: Browser, path: str) -> None:
    escaped = "".join(f"%{octet:02x}" for octet in path.encode())

    answer = browser.open(f"/x{escaped}")

    assert answer.status_code == 404
    assert is_clear(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"user_id=%00",
        b"user_id=a%00b&password=sesame99",
        b"user_id=taro0001&user_id=taro0001&password=sesame99",
    ],
)
def test_what_no_browser_sends_is_refused_unread(house: House, browser: Browser, token: str, body: bytes) -> None:
    answer = browser.send("POST", "/issuance", content=f"csrf_token={token}&".encode() + body, headers=FORM_TYPE)

    assert answer.status_code == 422
    assert browser.page.h1 == "受け付けられない内容です"
    assert house.passwords.checked == []


@pytest.mark.parametrize("written", [b"%ff%fe", b"%", b"%zz", b"\xff\xfe", b"%e3%81"])
def test_bytes_that_are_no_text_are_malformed_input(house: House, browser: Browser, token: str, written: bytes) -> None:
    body = f"csrf_token={token}&password=sesame99&user_id=".encode() + written

    answer = browser.send("POST", "/issuance", content=body, headers=FORM_TYPE)

    assert answer.status_code == 422
    assert browser.page.h1 == "電子証明書発行 ユーザー認証"
    assert house.count("PasswordFailed") == 0


def test_more_fields_than_a_form_of_ours_has_are_refused(browser: Browser) -> None:
    answer = browser.send("POST", "/issuance", content=b"a=1&" * 21, headers=FORM_TYPE)

    assert answer.status_code == 400
    assert browser.page.h1 == "受け付けられない内容です"


def test_a_field_that_is_missing_is_one_left_empty(browser: Browser, token: str) -> None:
    answer = browser.post("/issuance", csrf_token=token)

    assert answer.status_code == 422
    assert "ユーザーIDを入力してください" in browser.page.main
    assert "パスワードを入力してください" in browser.page.main


def test_a_field_too_many_is_not_looked_at(browser: Browser, token: str) -> None:
    answer = browser.post("/issuance", csrf_token=token, user_id=TARO, password=RIGHT, role="bank_admin")

    assert answer.status_code == 303


def test_what_was_typed_comes_back_as_text_and_never_as_markup(browser: Browser) -> None:
    typed = "\"><script>alert('1')</script>"

    answer = browser.authenticate(typed)

    assert answer.status_code == 422
    assert typed not in answer.text
    assert browser.page.form("/issuance").fields["user_id"] == typed
    assert browser.page.inline_scripts == []


def test_a_header_of_a_certificate_is_no_certificate(house: House, browser: Browser) -> None:
    house.issue()
    in_base64 = b64encode(certificate_of(house)).decode()

    answer = browser.send("GET", "/login", headers={"client-cert": f":{in_base64}:", "ssl-client-verify": "SUCCESS"})

    assert answer.status_code == 403


def test_cookies_of_many_kilobytes_are_none(browser: Browser) -> None:
    huge = "a" * 60_000

    answer = browser.send("GET", "/home", headers={"cookie": f"{SESSION}={huge}; {FORM}={huge}"})

    assert answer.status_code == 401
    assert browser.page.h1 == "ログインが必要です"


def test_where_one_is_sent_does_not_hang_on_the_host_name(browser: Browser) -> None:
    browser.open("/issuance")
    fields = browser.page.form("/issuance").fields | {"user_id": TARO, "password": RIGHT}

    answer = browser.send("POST", "/issuance", data=fields, headers={"host": "evil.example"})

    assert answer.headers["location"] == "/issuance/confirm"
    assert "evil.example" not in answer.text + str(answer.headers)
