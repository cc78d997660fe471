"""The software keyboard of a page under the hands of a person: mouse, finger, arrow keys."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

OPENER = "ソフトウェアキーボード"


class Keyboard:
    """That of one field of the page."""

    def __init__(self, page: Page, field: str = "password") -> None:
        self.page = page
        self.field = page.locator(f"#{field}")
        self.opener = page.locator(".field", has=self.field).get_by_role("button", name=OPENER, exact=True)
        self.panel = page.locator(f"#{field}-keyboard")

    def opened(self) -> "Keyboard":
        self.opener.click()
        expect(self.panel).to_be_visible()
        return self

    def button(self, word: str) -> Locator:
        return self.panel.get_by_role("button").get_by_text(word, exact=True)

    @property
    def order(self) -> list[str]:
        return self.panel.locator(".kb__keys button").all_inner_texts()

    @property
    def status(self) -> str:
        return self.panel.get_by_role("status").inner_text()


def by_mouse(keyboard: Keyboard, word: str) -> None:
    keyboard.button(word).click()


def by_touch(keyboard: Keyboard, word: str) -> None:
    keyboard.button(word).tap()


def by_arrows(keyboard: Keyboard, word: str) -> None:
    """To the right over all rows, or back to the left, and Enter."""
    buttons = keyboard.panel.get_by_role("button").all_inner_texts()
    way = buttons.index(word) - buttons.index(keyboard.page.locator(":focus").inner_text())
    for _ in range(abs(way)):
        keyboard.page.keyboard.press("ArrowRight" if way > 0 else "ArrowLeft")
    keyboard.page.keyboard.press("Enter")


def press_all(keyboard: Keyboard, password: str, press: Callable[[Keyboard, str], None] = by_mouse) -> None:
    for sign in password:
        if sign not in keyboard.order:
            press(keyboard, "大文字へ" if sign.isupper() else "小文字へ")
        press(keyboard, sign)
