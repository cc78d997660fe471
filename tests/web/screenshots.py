"""Every sample page as a picture: `python -m tests.web.screenshots FOLDER [NAME-BEGINS-WITH [en]]`.

Also says where a page is wider than a phone of 320 pixels, or breaks the content security policy.
"""

import sys
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Route, sync_playwright

from tests.web.samples import SAMPLES, SERVICE
from web.app import HEADERS, STATIC
from web.languages import Language
from web.pages import STYLE, Pages

CHROMIUM = "/usr/bin/chromium"
ADDRESS = "http://pages.invalid/"
SCRIPTS = {f"static/{file.name}" for file in STATIC.glob("*.js")}
POLICY = dict(HEADERS)[b"content-security-policy"].decode()
PICTURED = (1280, 390)
NARROWEST = 320
PAGES = Pages(SERVICE, demo=True, mailbox=True)


def answer(route: Route, language: Language) -> None:
    name = route.request.url.removeprefix(ADDRESS)
    if name.startswith("static/style.css"):
        route.fulfill(body=STYLE.read_text("utf-8"), content_type="text/css; charset=utf-8")
    elif name.partition("?")[0] in SCRIPTS:
        script = (STATIC.parent / name.partition("?")[0]).read_text("utf-8")
        route.fulfill(body=script, content_type="text/javascript; charset=utf-8")
    elif name in SAMPLES:
        # A page that moves on by itself would be gone before its picture is taken.
        html = SAMPLES[name].html(PAGES, language).replace('http-equiv="refresh"', 'http-equiv="x-refresh"')
        route.fulfill(body=html, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})
    else:
        route.fulfill(status=404)


def take(browser: Browser, folder: Path, names: list[str], language: Language) -> list[str]:
    findings: list[str] = []
    for width in (*PICTURED, NARROWEST):
        page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        page.route("**/*", partial(answer, language=language))
        page.on("console", lambda message: findings.append(message.text))
        for name in names:
            page.goto(ADDRESS + name)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                findings.append(f"{name} is wider than {width} pixels")
            if width in PICTURED:
                page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        page.close()
    return findings


def main(folder: Path, beginning: str = "", language: Language = "ja") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in SAMPLES if name.startswith(beginning)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        findings = take(browser, folder, names, language)
        browser.close()
    sys.stdout.write("\n".join([f"{len(names)} pages", *findings]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), *sys.argv[2:])  # type: ignore[arg-type]  # two languages, or a page fails
