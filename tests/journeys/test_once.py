"""A form that was sent is not sent again by a double click: what is shown once would be lost (R2.4, R7.1)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, Route, sync_playwright

from tests.support.desktop import CHROMIUM, needs_chromium
from tests.web.screenshots import ADDRESS, answer

pytestmark = needs_chromium


def answered(route: Route) -> None:
    """A form gets no answer that would end the page; everything else is the sample's."""
    if route.request.method == "POST":
        route.fulfill(status=204)
    else:
        answer(route, "ja")


@pytest.fixture
def posts() -> list[Request]:
    return []


@pytest.fixture
def page(request: pytest.FixtureRequest, posts: list[Request]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(java_script_enabled=getattr(request, "param", True))
        page.clock.install()
        page.route("**/*", answered)
        page.on("request", lambda each: posts.append(each) if each.method == "POST" else None)
        page.goto(ADDRESS + "users-new")
        for field in page.locator("main input:visible").all():
            field.fill("jiro0002")
        yield page
        browser.close()


def press(page: Page, times: int) -> None:
    for _ in range(times):
        page.locator("main .btn--main").click()
    page.evaluate("1")


def test_a_double_click_sends_a_form_once(page: Page, posts: list[Request]) -> None:
    press(page, 2)

    assert len(posts) == 1


def test_after_a_while_it_can_be_sent_again(page: Page, posts: list[Request]) -> None:
    press(page, 1)
    page.clock.run_for(2_000)
    press(page, 1)
    before = len(posts)
    page.clock.run_for(1_000)

    press(page, 1)

    assert (before, len(posts)) == (1, 2)


@pytest.mark.parametrize("page", [False], indirect=True)
def test_without_script_every_press_is_sent(page: Page, posts: list[Request]) -> None:
    press(page, 2)

    assert len(posts) == 2
