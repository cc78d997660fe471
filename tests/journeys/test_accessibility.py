"""WCAG 2.2 AA, as far as axe can tell, on every page in both languages (R5.6).

The pages are those of tests/web/samples.py with their real stylesheet and script, in Chromium: of each template the
plainest and the fullest. axe sees what a machine can see; order of focus and words were looked at by people.
"""

from collections.abc import Iterator
from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from tests.support.desktop import CHROMIUM, needs_chromium
from tests.web.samples import SAMPLES
from tests.web.screenshots import ADDRESS, NARROWEST, PAGES, answer
from web.languages import LANGUAGES, Language

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
TEMPLATES = sorted({sample.template for sample in SAMPLES.values()})
FORMS = ("login", "issuance-missing", "registration-profile-malformed", "password-missing", "email", "users-new-faults")
WHERE = "place => { const at = place.getBoundingClientRect(); return [at.top + scrollY, at.left]; }"
# What is kept on one line and is longer than the place that it stands in.
CUT_OFF = """() => {
  const end = place => place.getBoundingClientRect().right;
  return [...document.querySelectorAll('main .nw')]
    .filter(words => words.offsetParent && end(words) > end(words.closest('dd, p, li, td, h1, h2, h3, div')) + 1)
    .map(words => words.textContent);
}"""
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}

pytestmark = needs_chromium


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """On a phone of the narrowest kind."""
    language: Language = request.param
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": NARROWEST, "height": 900}, reduced_motion="reduce", bypass_csp=True)
        page.route("**/*", partial(answer, language=language))
        yield page
        browser.close()


def length(name: str) -> int:
    return len(SAMPLES[name].html(PAGES))


def test_the_first_tab_and_enter_lead_past_the_head(page: Page) -> None:
    page.goto(ADDRESS + "home-21")

    page.keyboard.press("Tab")
    skipped = page.locator(":focus").get_attribute("class")
    page.keyboard.press("Enter")

    assert skipped == "skip"
    assert page.locator(":focus").get_attribute("id") == "main"


@pytest.mark.parametrize("name", FORMS)
def test_the_focus_goes_through_a_form_in_the_order_that_is_seen(page: Page, name: str) -> None:
    page.goto(ADDRESS + name)
    places = page.locator("main form").first.locator("input:visible:not([type=radio]), button:visible, a:visible")
    places.first.focus()
    passed = [places.first.evaluate(WHERE)]

    for _ in range(places.count() - 1):
        page.keyboard.press("Tab")
        passed.append(page.locator(":focus").evaluate(WHERE))

    assert passed == places.evaluate_all(f"all => all.map({WHERE})")
    assert [top for top, _ in passed] == sorted(top for top, _ in passed)


@pytest.mark.parametrize("template", TEMPLATES)
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(page: Page, template: str) -> None:
    found = {}
    names = sorted((name for name, sample in SAMPLES.items() if sample.template == template), key=length)
    for name in {names[0], names[-1]}:
        page.goto(ADDRESS + name)
        violations = Axe().run(page, options=OPTIONS).response["violations"]
        findings = [(each["id"], each["nodes"][0]["html"]) for each in violations]
        if page.evaluate("document.documentElement.scrollWidth") > NARROWEST:
            findings.append(("wider", name))
        findings += [("cut off", words) for words in page.evaluate(CUT_OFF)]
        if findings:
            found[name] = findings

    assert found == {}
