"""On paper: the result page ⑦, and where a password is shown once, the letter that hands it over (R2.4, R7.1)."""

import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from playwright.sync_api import Page, PdfMargins, expect, sync_playwright

from tests.support.desktop import CHROMIUM, needs_chromium
from tests.web.samples import SERVICE
from tests.web.screenshots import ADDRESS, answer
from web.languages import LANGUAGES, Language

LETTERS = ("bank-organization-registered", "bank-organization-initialized", "users-registered", "users-reset")
PRESSED = ".top .tools, .nav, .steps, .btn, .demo, .again, form"
WIDTH = 718  # pixels that usual margins of 10 mm leave of A4
MARGINS: PdfMargins = {"top": "10mm", "right": "10mm", "bottom": "10mm", "left": "10mm"}

pytestmark = needs_chromium


@pytest.fixture(scope="module", params=LANGUAGES)
def printed(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Page]]:
    language: Language = request.param
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        page.route("**/*", partial(answer, language=language))
        page.emulate_media(media="print")

        def opened(name: str) -> Page:
            page.goto(ADDRESS + name)
            return page

        yield opened
        browser.close()


def sheets(page: Page) -> int:
    """Of A4 paper."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", margin=MARGINS)))


@pytest.mark.parametrize("name", LETTERS)
def test_a_page_with_a_password_prints_as_one_sheet_with_a_letter(printed: Callable[[str], Page], name: str) -> None:
    page = printed(name)

    secret = page.locator("#generated-password").text_content()
    letter = page.locator(".letter")
    expect(letter).to_be_visible()
    expect(letter).to_contain_text(str(secret))
    expect(letter).to_contain_text(SERVICE.public_url)
    expect(page.locator("h1")).to_be_hidden()
    expect(page.locator("footer")).to_contain_text(SERVICE.helpdesk_phone)
    assert page.locator(PRESSED).locator("visible=true").count() == 0
    assert sheets(page) == 1


def test_7_prints_the_certificate_and_the_way_through_the_import_without_what_is_pressed(
    printed: Callable[[str], Page],
) -> None:
    page = printed("result")

    expect(page.locator(".cert .serial")).to_be_visible()
    assert page.locator(".guide > li").locator("visible=true").count() == 6
    assert page.locator(PRESSED).locator("visible=true").all_inner_texts() in ([], [""])
    assert sheets(page) <= 3


def test_on_the_screen_there_is_no_letter(printed: Callable[[str], Page]) -> None:
    page = printed(LETTERS[0])

    page.emulate_media(media="screen")

    expect(page.locator(".letter")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    page.emulate_media(media="print")
