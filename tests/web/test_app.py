"""The application around its pages: security headers on every answer, limits, addresses and methods (screens.md)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpx2 import Response
from starlette.routing import Route

from tests.support.browser import Browser, Server, serving
from tests.support.house import House
from tests.support.html import Page
from tests.web.addresses import SENT, SHOWN
from web.app import BODY_LIMIT
from web.site import Site

FORM = {"content-type": "application/x-www-form-urlencoded"}


class BrokenSite(Site):
    """A bug wherever the desk is asked."""

    async def ask(self, *_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("what only the log may say")


@contextmanager
def broken(house: House) -> Iterator[Browser]:
    with serving(house, BrokenSite) as server:
        yield server.browser(bugs_are_raised=False)


def security(answer: Response) -> dict[str, str]:
    """The headers that tell a browser what our pages may do."""
    names = ("x-content-type-options", "x-frame-options", "referrer-policy", "cross-origin-opener-policy")
    return {name: answer.headers.get(name, "") for name in names}


GUARDED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def directives(answer: Response) -> dict[str, str]:
    """The content security policy, word by word."""
    each = [part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";")]
    return {name: value for name, _, value in each}


def test_every_address_is_one_of_these(server: Server) -> None:
    routes = [route for route in server.app.routes if isinstance(route, Route)]

    assert {route.path for route in routes if "GET" in (route.methods or ())} == set(SHOWN)
    assert {route.path for route in routes if "POST" in (route.methods or ())} == set(SENT)


def test_every_answer_is_guarded_and_kept_by_no_cache(browser: Browser) -> None:
    answers = [browser.open(path) for path in SHOWN]

    assert [security(answer) for answer in answers] == [GUARDED] * len(SHOWN)
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


def test_every_answer_to_a_form_is_guarded_and_kept_by_no_cache(browser: Browser) -> None:
    token = browser.token()

    answers = [browser.post(path, csrf_token=token) for path in SENT]

    assert [security(answer) for answer in answers] == [GUARDED] * len(SENT)
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


def test_the_content_security_policy_lets_in_our_own_style_script_and_forms_and_nothing_else(browser: Browser) -> None:
    policy = directives(browser.open("/"))

    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_strict_transport_is_asked_for_only_where_it_may_stick(house: House, browser: Browser) -> None:
    with serving(house, strict_transport=True) as production:
        asked = production.browser().open("/").headers

    assert asked["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in browser.open("/").headers


def test_a_head_is_answered_as_the_get_would_be(browser: Browser) -> None:
    paths = [path for path in SHOWN if path != "/issuance/p12"]
    shown = [browser.open(path).status_code for path in paths]

    looked = [browser.send("HEAD", path) for path in paths]

    assert [answer.status_code for answer in looked] == shown
    assert [security(answer) for answer in looked] == [GUARDED] * len(paths)


# ---- the stylesheet and the script


@pytest.mark.parametrize(
    ("tag", "address", "kind"), [("link", "href", "text/css"), ("script", "src", "text/javascript")]
)
def test_the_stylesheet_and_the_script_may_be_kept_for_a_year(
    browser: Browser, tag: str, address: str, kind: str
) -> None:
    browser.open("/")

    file = browser.open(browser.page.root.all(tag)[0].attributes[address])

    assert file.status_code == 200
    assert file.headers["content-type"].startswith(kind)
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert security(file) == GUARDED


@pytest.mark.parametrize(
    "path", ["/static/none.css", "/static/", "/static/%2e%2e/app.py", "/static/%2fetc/passwd", "/static/a%00b"]
)
def test_what_is_no_static_file_is_a_page_that_says_so(browser: Browser, path: str) -> None:
    answer = browser.open(path)

    assert answer.status_code == 404
    assert browser.page.h1 == "お探しの画面が見つかりません"
    assert answer.headers["cache-control"] == "no-store"
    assert security(answer) == GUARDED


@pytest.mark.parametrize("path", ["/static/style.css", "/static/keyboard.js"])
def test_what_is_the_same_for_all_comes_compressed(browser: Browser, path: str) -> None:
    plain, packed = (browser.send("GET", path, headers={"accept-encoding": each}) for each in ("identity", "gzip"))

    assert (plain.headers.get("content-encoding"), packed.headers["content-encoding"]) == (None, "gzip")
    assert packed.content == plain.content
    assert {plain.headers["vary"], packed.headers["vary"]} == {"Accept-Encoding"}


@pytest.mark.parametrize("path", ["/", "/issuance", "/help/import", "/static/none.css"])
def test_a_page_never_does_for_its_token_would_show_in_the_length(browser: Browser, path: str) -> None:
    assert "content-encoding" not in browser.send("GET", path, headers={"accept-encoding": "gzip"}).headers


# ---- addresses and methods


@pytest.mark.parametrize("path", ["/nowhere", "/login/", "/Login", "/help/nothing", "/user", "/banking", "/%00"])
def test_an_unknown_address_is_a_page_that_says_so(browser: Browser, path: str) -> None:
    answer = browser.open(path)

    assert answer.status_code == 404
    assert browser.page.h1 == "お探しの画面が見つかりません"
    assert [link.href for link in browser.page.links].count("/") >= 1
    assert security(answer) == GUARDED


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET, HEAD"),
        ("PUT", "/issuance", "GET, HEAD, POST"),
        ("DELETE", "/home/password", "GET, HEAD, POST"),
        ("OPTIONS", "/login", "GET, HEAD, POST"),
        ("GET", "/logout", "POST"),
        ("POST", "/static/style.css", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_all_the_right_ones(browser: Browser, method: str, path: str, allowed: str) -> None:
    answer = browser.send(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert browser.page.h1 == "この開き方では表示できません"
    assert security(answer) == GUARDED


@pytest.mark.parametrize(("path", "allowed"), [("/issuance/close", "POST"), ("/issuance/p12", "GET")])
def test_a_head_is_refused_where_a_look_is_not_to_be_had(browser: Browser, path: str, allowed: str) -> None:
    answer = browser.send("HEAD", path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert security(answer) == GUARDED


def test_an_unknown_address_of_the_api_is_a_problem(browser: Browser) -> None:
    answer = browser.open("/api/v1/nothing")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


# ---- what is too large


def filled(length: int) -> bytes:
    return b"user_id=" + b"a" * (length - len(b"user_id="))


def test_a_body_up_to_64_kilobytes_is_read(browser: Browser) -> None:
    answer = browser.send("POST", "/issuance", content=filled(BODY_LIMIT), headers=FORM)

    assert BODY_LIMIT == 65536
    assert answer.status_code == 403
    assert browser.page.h1 == "画面を開き直してください"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_longer_body_is_a_page_that_says_so(browser: Browser, method: str) -> None:
    answer = browser.send(method, "/issuance", content=filled(BODY_LIMIT + 1), headers=FORM)

    assert answer.status_code == 413
    assert browser.page.h1 == "送信された内容が大きすぎます"
    assert security(answer) == GUARDED


def test_a_longer_body_of_undeclared_length_is_the_same_page(browser: Browser) -> None:
    pieces = (filled(1024) for _ in range(65))

    answer = browser.send("POST", "/issuance", content=pieces, headers=FORM)

    assert answer.status_code == 413
    assert browser.page.h1 == "送信された内容が大きすぎます"
    assert security(answer) == GUARDED


def test_a_longer_body_to_the_api_is_a_problem(browser: Browser) -> None:
    answer = browser.send("GET", "/api/v1/lock-status", content=filled(BODY_LIMIT + 1))

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


# ---- bugs, health and the end


@pytest.mark.parametrize("path", ["/issuance", "/home", "/login"])
def test_a_bug_is_a_guarded_page_that_tells_nothing_of_it(house: House, path: str) -> None:
    with broken(house) as browser:
        answer = browser.open(path)

    assert answer.status_code == 500
    assert Page(answer.text).h1 == "処理を完了できませんでした"
    assert "ZeroDivisionError" not in answer.text
    assert "what only the log may say" not in answer.text
    assert security(answer) == GUARDED
    assert answer.headers["cache-control"] == "no-store"
    assert "'none'" in answer.headers["content-security-policy"]


def test_a_bug_behind_the_api_is_a_problem_that_tells_nothing_of_it(house: House) -> None:
    with broken(house) as browser:
        answer = browser.open("/api/v1/lock-status")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "what only the log may say" not in answer.text
    assert security(answer) == GUARDED


def test_health_is_told_without_the_database_and_readiness_with_it(house: House, browser: Browser) -> None:
    assert (browser.open("/healthz").text, browser.open("/readyz").text) == ("ok\n", "ready\n")

    house.database.close()

    assert browser.open("/healthz").status_code == 200
    assert browser.open("/readyz").status_code == 503


def test_readiness_is_told_while_the_pages_get_nothing_of_the_desk(house: House) -> None:
    with broken(house) as browser:
        assert browser.open("/readyz").status_code == 200


def test_a_process_that_ends_lets_the_issue_under_way_end_first(house: House) -> None:
    house.organization()
    house.user()

    with serving(house) as server:
        browser = server.browser()
        browser.authenticate()
        browser.follow()
        browser.submit("/issuance/confirm")

    assert house.count("CertificateIssued") == 1
