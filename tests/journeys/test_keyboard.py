"""The software keyboard in a real browser (R5.4, R5.5; manual 別紙3): shuffled, for every hand, and not to be heard.

Mostly on sample pages under the real content security policy; one log-in is typed with it from end to end.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from domain.fact import COMMAND_LINE
from infra import development_certificate
from infra.authority import IssuingAuthority
from infra.tls_server import Tls
from tests.support.desktop import CHROMIUM, needs_chromium
from tests.support.house import RIGHT, TARO, House
from tests.support.screen_keyboard import OPENER, Keyboard, by_arrows, by_mouse, by_touch, press_all
from tests.support.server import BackgroundServer
from tests.support.site import application
from tests.web.screenshots import ADDRESS, answer

PASSWORD = "aB3xxY9"
WITH_PASSWORD = ("issuance", "login", "registration-profile", "password", "bank-revoke-live")
WITHOUT_CRYPTO = "Object.defineProperty(window, 'crypto', { value: undefined });"

pytestmark = needs_chromium
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """A sample page, and a script `before` its own; whatever the browser complains of is a failure."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(name: str, before: str = "", *, width: int = 1280, touch: bool = False, script: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, has_touch=touch, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.add_init_script(before)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/*", lambda route: answer(route, "ja"))
        page.goto(ADDRESS + name)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def test_the_keys_lie_in_another_order_at_each_opening(visit: Visit) -> None:
    keyboard = Keyboard(visit("issuance")).opened()
    first = keyboard.order
    keyboard.button("大文字へ").click()
    capital = keyboard.order
    keyboard.button("閉じる").click()
    assert keyboard.order == []

    keyboard.opened()

    assert sorted(first[:10]) == list(digits)
    assert sorted(first[10:36]) == list(ascii_lowercase)
    assert sorted(capital[10:36]) == list(ascii_uppercase)
    assert capital[:36] == [sign.upper() for sign in first[:36]]
    assert keyboard.order[:10] != first[:10]
    assert keyboard.order[10:36] != first[10:36]


@pytest.mark.parametrize("press", [by_mouse, by_touch, by_arrows])
def test_each_hand_types_the_very_password(visit: Visit, press: Callable[[Keyboard, str], None]) -> None:
    keyboard = Keyboard(visit("issuance", touch=True))
    if press is by_arrows:
        keyboard.opener.focus()
        keyboard.page.keyboard.press("Enter")
    else:
        keyboard.opened()

    press_all(keyboard, PASSWORD, press)

    assert keyboard.field.input_value() == PASSWORD


def test_one_sign_is_deleted_or_all_and_closing_gives_the_focus_back(visit: Visit) -> None:
    keyboard = Keyboard(visit("issuance")).opened()
    press_all(keyboard, "ab1")

    keyboard.button("1文字削除").click()
    after_deletion = keyboard.field.input_value()
    keyboard.button("クリア").click()
    after_clearing = keyboard.field.input_value()
    keyboard.button("閉じる").click()

    assert (after_deletion, after_clearing) == ("ab", "")
    expect(keyboard.panel).to_be_hidden()
    expect(keyboard.opener).to_be_focused()
    assert keyboard.opener.get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize("key", ["Escape", "Esc"])
def test_escape_closes_it_by_either_of_its_names_and_does_nothing_else(visit: Visit, key: str) -> None:
    keyboard = Keyboard(visit("issuance")).opened()
    keyboard.field.focus()

    left_to_the_browser = keyboard.field.evaluate(
        "(field, key) => field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))",
        key,
    )

    assert not left_to_the_browser  # in IE 11 it would take back what was typed
    expect(keyboard.panel).to_be_hidden()
    expect(keyboard.opener).to_be_focused()


@pytest.mark.parametrize(("right", "down", "up"), [("ArrowRight", "ArrowDown", "ArrowUp"), ("Right", "Down", "Up")])
def test_arrows_go_by_rows_also_by_their_names_in_ie_11(visit: Visit, right: str, down: str, up: str) -> None:
    keyboard = Keyboard(visit("issuance")).opened()
    order = keyboard.order
    passed = []

    for key in (right, down, down, down, down, up, up):
        keyboard.page.locator(":focus").dispatch_event("keydown", {"key": key, "bubbles": True})
        passed.append(keyboard.page.locator(":focus").inner_text())

    assert passed == [order[1], order[11], order[21], order[31], "1文字削除", order[31], order[21]]


def test_the_length_of_the_field_holds(visit: Visit) -> None:
    keyboard = Keyboard(visit("issuance")).opened()
    keyboard.field.evaluate("field => { field.maxLength = 3 }")

    press_all(keyboard, "ab12")

    assert keyboard.field.input_value() == "ab1"


def test_the_number_of_signs_is_told_and_never_a_sign(visit: Visit) -> None:
    keyboard = Keyboard(visit("issuance")).opened()
    told = [keyboard.status]

    for sign in "xK":
        press_all(keyboard, sign)
        told.append(keyboard.status)

    assert told == ["0文字入力済み", "1文字入力済み", "2文字入力済み"]
    assert keyboard.page.locator("[aria-live], [role=alert]").all_inner_texts() == []
    assert keyboard.field.get_attribute("type") == "password"


def test_a_reader_hears_which_case_a_key_has_and_whose_keyboard_it_is(visit: Visit) -> None:
    keyboard = Keyboard(visit("password")).opened()

    assert keyboard.panel.get_by_role("button", name="小文字 a", exact=True).inner_text() == "a"
    assert keyboard.panel.get_by_role("button", name="数字 7", exact=True).inner_text() == "7"
    keyboard.button("大文字へ").click()
    assert keyboard.panel.get_by_role("button", name="大文字 A", exact=True).inner_text() == "A"
    expect(keyboard.page.get_by_role("group", name="パスワード用ソフトウェアキーボード")).to_have_count(1)
    expect(keyboard.panel).to_have_accessible_description("新しいパスワード必須")
    expect(keyboard.opener).to_have_accessible_description("新しいパスワード必須")


def test_the_real_keyboard_goes_on_typing(visit: Visit) -> None:
    keyboard = Keyboard(visit("issuance")).opened()
    keyboard.page.keyboard.type("ab12")
    keyboard.page.keyboard.press("Backspace")

    keyboard.field.click()
    keyboard.page.keyboard.type("cD")

    assert keyboard.field.input_value() == "ab1cD"
    assert keyboard.status == "5文字入力済み"


def test_of_two_fields_each_has_its_own_and_one_is_open_at_a_time(visit: Visit) -> None:
    page = visit("password")
    current, new = Keyboard(page, "current_password").opened(), Keyboard(page, "password")
    press_all(current, "a1")

    new.opened()
    press_all(new, "b2")

    expect(current.panel).to_be_hidden()
    assert current.order == []
    assert (current.field.input_value(), new.field.input_value()) == ("a1", "b2")
    assert page.locator("#password_again").input_value() == ""


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("name", WITH_PASSWORD)
def test_it_fits_and_covers_no_button_of_the_form(visit: Visit, name: str, width: int) -> None:
    page = visit(name, width=width)
    openers = page.get_by_role("button", name=OPENER, exact=True)
    assert openers.count() == page.locator("input[type=password]").count() > 0

    openers.last.click()

    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator(".btn--main").click(trial=True)
    sizes = page.locator(".kb button:visible").evaluate_all(
        "all => all.map(key => [key.offsetWidth, key.offsetHeight])"
    )
    assert min(min(size) for size in sizes) >= 44  # pixels


@pytest.mark.parametrize("name", WITH_PASSWORD)
def test_with_script_switched_off_there_is_no_button_for_it(visit: Visit, name: str) -> None:
    page = visit(name, script=False)

    assert page.get_by_text(OPENER, exact=True).count() == 0
    assert page.locator(".kb").count() == 0
    assert page.locator("main form").get_by_role("button").count() > 0


def test_the_advice_at_4_says_how_to_get_it_where_script_is_off(visit: Visit) -> None:
    with_script = visit("issuance").locator("#password-advice").inner_text()
    without = visit("issuance", script=False).locator("#password-advice").inner_text()

    assert with_script == "スパイウェア対策として、ソフトウェアキーボードでの入力をおすすめします。"
    assert without == f"{with_script}JavaScriptを有効にすると、お使いになれます。"


def test_the_order_comes_from_cryptographic_chance_by_either_name_or_there_is_no_keyboard(visit: Visit) -> None:
    in_ie_11 = Keyboard(visit("issuance", f"window.msCrypto = window.crypto; {WITHOUT_CRYPTO}")).opened()
    without = visit("issuance", WITHOUT_CRYPTO)

    assert len(in_ie_11.order) == 37
    assert without.get_by_text(OPENER, exact=True).count() == 0


# ---- from end to end


@pytest.fixture
def server(house: House, authority: IssuingAuthority, tmp_path: Path) -> Iterator[BackgroundServer]:
    house.clock.set(datetime.now(UTC).replace(microsecond=0))
    made = development_certificate.ensure(tmp_path, "localhost", datetime.now(UTC))
    trusted = b"".join(each.public_bytes(Encoding.PEM) for each in (authority.issuing, authority.root))
    with BackgroundServer(application(house), Tls(made.certificate, made.key, trusted)) as running:
        yield running


def test_a_whole_login_is_typed_with_it(house: House, server: BackgroundServer, chromium: Browser) -> None:
    house.organization()
    house.user()
    p12 = house.desk.certification.issue_to_file(TARO, RIGHT, COMMAND_LINE, house.clock())
    url = f"https://localhost:{server.port}"
    with chromium.new_context(
        ignore_https_errors=True, client_certificates=[{"origin": url, "pfx": p12, "passphrase": RIGHT}]
    ) as context:
        page = context.new_page()
        page.goto(f"{url}/login")
        page.fill("#user_id", TARO)

        press_all(Keyboard(page).opened(), RIGHT)
        page.click("main button:has-text('ログイン')")

        assert page.inner_text("h1") == "ホーム"
