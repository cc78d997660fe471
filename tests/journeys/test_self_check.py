"""The self-check of the visitor's own browser, in a real one (manual 別紙1; R11.3): each row good and bad."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from domain.fact import COMMAND_LINE
from infra import development_certificate
from infra.authority import IssuingAuthority
from infra.tls_server import Tls
from tests.support.desktop import CHROMIUM, needs_chromium
from tests.support.house import RIGHT, TARO, House
from tests.support.server import BackgroundServer
from tests.support.site import application

ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
EDGE_ON_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    " Edg/142.0.0.0"
)
NO_COOKIES_FOR_SCRIPTS = "Object.defineProperty(document, 'cookie', { get: () => '', set: () => {} });"
BLOCKS_THE_SECOND = """(function (open) {
  window.open = function () { window.open = function () { return null; }; return open.apply(window, arguments); };
}(window.open));"""
IE_11_ENGINE = "Object.defineProperty(document, 'documentMode', { value: 11 });"
WINDOWS_SAYS = """Object.defineProperty(navigator, 'userAgentData', { value: {
  platform: 'Windows', getHighEntropyValues: () => Promise.resolve({ platformVersion: '%s' }) } });"""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as browser,
    ):
        yield browser


@pytest.fixture
def server(house: House, authority: IssuingAuthority, tmp_path: Path) -> Iterator[BackgroundServer]:
    house.clock.set(datetime.now(UTC).replace(microsecond=0))
    made = development_certificate.ensure(tmp_path, "localhost", datetime.now(UTC))
    trusted = b"".join(each.public_bytes(Encoding.PEM) for each in (authority.issuing, authority.root))
    with BackgroundServer(application(house), Tls(made.certificate, made.key, trusted)) as running:
        yield running


@pytest.fixture
def url(server: BackgroundServer) -> str:
    return f"https://localhost:{server.port}"


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, url: str) -> Iterator[Visit]:
    """The self-check in a browser of its own, with a script `before` the page's."""
    contexts: list[BrowserContext] = []

    def opened(before: str = "", **options: object) -> Page:
        context = chromium.new_context(ignore_https_errors=True, **options)  # type: ignore[arg-type]  # Playwright's own names
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.add_init_script(before)
        page.goto(f"{url}/help/check")
        return page

    yield opened
    for context in contexts:
        context.close()


def says(page: Page, row: str, verdict: str, words: str) -> None:
    place = page.locator(f"#check-{row}")
    expect(place.locator(".badge:visible")).to_have_text(verdict)
    expect(place.get_by_text(words).locator("visible=true")).to_be_visible()


def leads_to(page: Page, row: str, *places: str) -> None:
    """Where the row sends the visitor; each place exists on the page that it names."""
    links = page.locator(f"#check-{row} .mend a:visible")
    assert [link.get_attribute("href") for link in links.all()] == list(places)
    for place in places:
        page.goto(page.url.partition("/help")[0] + place)
        expect(page.locator(f"#{place.partition('#')[2]}")).to_be_visible()


@pytest.fixture
def in_order(house: House, visit: Visit, url: str) -> Page:
    """Nothing to mend."""
    house.organization()
    house.user()
    p12 = house.desk.certification.issue_to_file(TARO, RIGHT, COMMAND_LINE, house.clock())
    certificate = {"origin": url, "pfx": p12, "passphrase": RIGHT}
    return visit(WINDOWS_SAYS % "15.0.0", client_certificates=[certificate], user_agent=EDGE_ON_WINDOWS)


def test_a_browser_with_everything_in_order_is_told_so(in_order: Page) -> None:
    page = in_order

    says(page, "script", "良好", "動いています。")
    says(page, "cookie", "良好", "保存できています。")
    says(page, "tls", "良好", "TLS 1.3 でつながっています。")
    says(page, "certificate", "良好", TARO)
    says(page, "browser", "良好", "Microsoft Edge です。")
    says(page, "windows", "良好", "Windows 11 です。")
    expect(page.locator("#check-summary")).to_contain_text("ここまでは良好です。")

    page.get_by_role("button", name="ポップアップを調べる").click()
    says(page, "popup", "良好", "開けました。")
    with page.expect_download() as download:
        page.get_by_role("link", name="ダウンロードを調べる").click()
    page.get_by_role("button", name="尋ねられた", exact=True).click()

    assert download.value.suggested_filename == "download-check.txt"
    says(page, "download", "良好", "毎回確認する設定です。")
    expect(page.locator("#check-summary")).to_contain_text("すべて良好です。")
    assert len(page.context.pages) == 1  # what it opened, it closed


def test_what_could_not_be_known_is_not_called_good(in_order: Page) -> None:
    page = in_order
    page.evaluate("""const tls = document.getElementById('check-tls');
      tls.querySelector('[data-verdict=good]').hidden = true;
      tls.querySelector('[data-verdict=unknown]').hidden = false;""")

    page.get_by_role("button", name="ポップアップを調べる").click()
    says(page, "popup", "良好", "開けました。")
    page.get_by_role("link", name="ダウンロードを調べる").click()
    page.get_by_role("button", name="尋ねられた", exact=True).click()

    expect(page.locator("#check-summary")).to_contain_text("調べられたところは、すべて良好です。")
    expect(page.locator("#check-summary").get_by_text("このまま本サービスをお使いいただけます。")).to_be_hidden()


def test_a_browser_that_opens_pop_ups_only_at_a_press_is_told_so(visit: Visit) -> None:
    page = visit(BLOCKS_THE_SECOND)

    page.get_by_role("button", name="ポップアップを調べる").click()

    says(page, "popup", "要確認", "ボタンを押したときだけ開けます。")
    leads_to(page, "popup", "/help/edge#popup", "/help/ie-mode#popup")


def test_a_browser_that_opens_none_is_told_so(visit: Visit) -> None:
    page = visit("window.open = () => null;")

    page.get_by_role("button", name="ポップアップを調べる").click()

    says(page, "popup", "要確認", "開けませんでした。")


@pytest.mark.parametrize(
    ("reply", "words"),
    [("尋ねられずに保存された", "確認なしで保存されます。"), ("何も起きなかった", "ダウンロードできませんでした。")],
)
def test_a_download_that_did_not_ask_leads_to_the_setting(visit: Visit, reply: str, words: str) -> None:
    page = visit()
    page.get_by_role("link", name="ダウンロードを調べる").click()

    page.get_by_role("button", name=reply).click()

    says(page, "download", "要確認", words)
    leads_to(page, "download", "/help/edge#download", "/help/ie-mode#download")


def no_picture(route: Route) -> None:
    """What the server answers where its cookie did not come back (tests/web/test_help.py)."""
    route.fulfill(status=204)


def test_a_browser_that_keeps_no_cookie_from_the_server_is_told_so(visit: Visit) -> None:
    page = visit()
    page.route("**/help/check/cookie", no_picture)

    page.reload()

    says(page, "cookie", "要確認", "保存できません。")
    leads_to(page, "cookie", "/help/edge#cookie", "/help/ie-mode#cookie")


def test_a_browser_that_keeps_no_cookie_of_a_script_is_told_so(visit: Visit) -> None:
    page = visit(NO_COOKIES_FOR_SCRIPTS)

    says(page, "cookie", "要確認", "保存できません。")


def test_without_script_what_the_server_sees_is_told_and_the_way_to_script(visit: Visit) -> None:
    page = visit(java_script_enabled=False)

    says(page, "script", "要確認", "動いていません。")
    says(page, "popup", "未確認", "JavaScript が動いていないため、調べられません。")
    says(page, "tls", "良好", "TLS 1.3 でつながっています。")
    says(page, "certificate", "要確認", "電子証明書は受け取っていません")
    leads_to(page, "script", "/help/edge#javascript", "/help/ie-mode#javascript")


def test_the_ie_11_engine_is_known_whatever_its_requests_say(visit: Visit) -> None:
    page = visit(IE_11_ENGINE)

    says(page, "browser", "良好", "Microsoft Edge の IE モードです。")


@pytest.mark.parametrize(
    ("version", "verdict", "words"),
    [
        ("13.0.0", "良好", "Windows 11 です。"),
        ("10.0.0", "良好", "Windows 10 です。"),
        ("1.0.0", "良好", "Windows 10 です。"),
        ("0.3.0", "要確認", "古い Windows です。"),
    ],
)
def test_windows_is_what_the_browser_says_of_it(visit: Visit, version: str, verdict: str, words: str) -> None:
    page = visit(WINDOWS_SAYS % version)

    says(page, "windows", verdict, words)
