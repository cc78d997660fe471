"""A person's desktop: a browser on the screen (Chromium), its certificate store, and the pictures it takes."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
POLICIES = Path("/etc/chromium/policies/managed")

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists() or not shutil.which("pk12util"), reason="needs Debian's chromium and libnss3-tools"
)
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may set the policy that chooses the certificate without a dialog"
)


@dataclass(frozen=True)
class Desktop:
    """One Windows log-on, so to speak: a home with its certificate store and its browser profile."""

    home: Path
    pictures: Path

    def import_p12(self, file: Path, password: str) -> None:
        subprocess.run(["pk12util", "-i", file, "-d", self.store, "-W", password, "-K", ""], check=True)

    @property
    def store(self) -> str:
        return f"sql:{self.home / '.pki' / 'nssdb'}"

    @contextmanager
    def browser(self) -> Iterator[Page]:
        """All windows closed at the end, as the manual asks."""
        with sync_playwright() as playwright:
            context: BrowserContext = playwright.chromium.launch_persistent_context(
                self.home / "profile",
                executable_path=CHROMIUM,
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
                env={**os.environ, "HOME": str(self.home)},
                viewport={"width": 1280, "height": 900},
                locale="ja-JP",
                reduced_motion="reduce",
                accept_downloads=True,
            )
            page = context.pages[0]
            page.set_default_timeout(15_000)
            try:
                yield page
            finally:
                context.close()

    def picture(self, page: Page, name: str) -> None:
        for width, suffix in ((1280, ""), (390, "-phone")):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=self.pictures / f"{name}{suffix}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})


@contextmanager
def desktop_for(url: str, root: Path, folder: Path) -> Iterator[Desktop]:
    """One that trusts the server's root and shows the server at `url` what certificate it has; kept in `folder`."""
    home = folder / "desktop"
    pictures = Path(os.environ.get("SCREENS", folder / "pictures"))
    (home / ".pki" / "nssdb").mkdir(parents=True)
    pictures.mkdir(exist_ok=True)
    desktop = Desktop(home, pictures)
    subprocess.run(["certutil", "-N", "--empty-password", "-d", desktop.store], check=True)
    subprocess.run(["certutil", "-A", "-n", "server", "-t", "CT,,", "-i", root, "-d", desktop.store], check=True)
    # Without it a matching certificate opens a dialog that nobody can see.
    chosen = json.dumps({"pattern": url, "filter": {}})
    POLICIES.mkdir(parents=True, exist_ok=True)
    policy = POLICIES / f"shomei-test-{url.rpartition(':')[2]}.json"
    policy.write_text(json.dumps({"AutoSelectCertificateForUrls": [chosen]}))
    try:
        yield desktop
    finally:
        policy.unlink(missing_ok=True)  # of two desktops at one address the other has taken it away


def fill(page: Page, button: str, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.click(f"button:has-text('{button}')")
