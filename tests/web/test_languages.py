"""Japanese first, English complete: the catalogue in both directions, the switch on every screen (R5.6)."""

import re
from collections.abc import Callable

import msgspec
import pytest

from tests.support.browser import Browser
from tests.support.house import RIGHT, TARO
from tests.web.catalogue import ENGLISH, english, extracted, updated
from tests.web.samples import SAMPLES, SERVICE
from web.cookies import LANGUAGE
from web.pages import Pages

JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff01-\uff5e]+")
PLACES = re.compile(r"%\((\w+)\)s")
PAGES = Pages(SERVICE, demo=True, mailbox=True)


def test_every_text_has_an_english_one() -> None:
    known = english()

    told = {message.id: known.get(message.id, message.context) for message in extracted() if message.id}

    assert [text for text, message in told.items() if message is None or not message.string] == []


def test_no_english_text_is_left_over_and_each_stands_where_it_should() -> None:
    assert ENGLISH.read_bytes() == updated(), "run `make texts`"


def test_an_english_text_tells_what_the_japanese_one_does() -> None:
    differing = [
        message.id
        for message in english()
        if message.id and set(PLACES.findall(str(message.id))) != set(PLACES.findall(str(message.string)))
    ]

    assert differing == []


def test_no_english_text_is_japanese() -> None:
    assert [message.string for message in english() if message.id and JAPANESE.search(str(message.string))] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_an_english_page_says_in_japanese_only_what_it_was_given(name: str) -> None:
    sample = SAMPLES[name]
    # As builtins, for a person's own repr tells nothing.
    given = f"{msgspec.to_builtins([sample.context, sample.user, SERVICE], enc_hook=repr)} 日本語 証"

    html = sample.html(PAGES, "en")

    assert [words for words in JAPANESE.findall(html) if words not in given] == []
    assert '<html lang="en">' in html


# ---- the switch


def switch(browser: Browser) -> str:
    (link,) = (link for link in browser.page.links if link.text == "English")
    return link.href


def test_a_page_is_japanese_until_asked_otherwise(browser: Browser) -> None:
    answer = browser.open("/issuance")

    assert '<html lang="ja">' in answer.text
    assert '<a href="/issuance?lang=en" lang="en" hreflang="en">English</a>' in answer.text


def test_the_language_asked_for_is_kept(browser: Browser) -> None:
    asked = browser.open("/issuance?lang=en")

    kept = browser.open("/login?x=1")

    assert '<html lang="en">' in asked.text
    assert '<html lang="en">' in kept.text
    assert '<a href="/login?x=1&amp;lang=ja" lang="ja" hreflang="ja">日本語</a>' in kept.text


def test_and_changed_back(browser: Browser) -> None:
    browser.open("/issuance?lang=en")

    assert '<html lang="ja">' in browser.open("/issuance?lang=ja").text
    assert '<html lang="ja">' in browser.open("/issuance").text


@pytest.mark.parametrize("asked", ["fr", "", "EN", "../ja"])
def test_a_language_we_do_not_speak_changes_nothing(browser: Browser, asked: str) -> None:
    answer = browser.open(f"/issuance?lang={asked}")

    assert '<html lang="ja">' in answer.text
    assert LANGUAGE not in browser.cookies


@pytest.mark.parametrize("path", ["/none", "//example.org", "//example.org/issuance", "/static/none.css"])
def test_where_there_is_no_page_the_switch_leads_to_the_entrance(browser: Browser, path: str) -> None:
    answer = browser.send("GET", f"https://testserver{path}")

    assert answer.status_code == 404
    assert switch(browser) == "/?lang=en"


@pytest.mark.parametrize("path", ["/issuance/cancel", "/issuance/close", "/registration/master/cancel", "/logout"])
def test_the_answer_of_an_address_that_only_takes_forms_leads_there_too(browser: Browser, path: str) -> None:
    answer = browser.post(path)

    assert answer.status_code == 422
    assert switch(browser) == "/?lang=en"


def test_the_answer_to_a_form_leads_to_the_form(browser: Browser) -> None:
    browser.authenticate(password=RIGHT + "9")

    assert switch(browser) == "/issuance?lang=en"


def test_a_refusal_is_in_the_visitors_language(browser: Browser) -> None:
    browser.open("/issuance?lang=en")

    answer = browser.submit("/issuance", user_id=TARO, password=RIGHT + "9")

    assert answer.status_code == 401
    assert '<html lang="en">' in answer.text


def test_lists_take_the_language_beside_their_filters(project: Callable[[], None], admin: Browser) -> None:
    project()

    assert admin.open("/bank/accounts?state=locked&lang=en").status_code == 200
