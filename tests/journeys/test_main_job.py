"""The main job in a real browser: locked out, open again, ① to ⑧, import, login over mTLS, revoked (manual 6).

Everything is real but the clock. The pictures it takes are those of the README: `make screens` keeps them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from domain.fact import COMMAND_LINE
from domain.notification import NotificationRequested
from infra import development_certificate
from infra.authority import IssuingAuthority
from infra.tls_server import Tls
from tests.support.desktop import Desktop, desktop_for, fill, needs_chromium, needs_root
from tests.support.house import House
from tests.support.server import BackgroundServer
from tests.support.site import application

MINUTE = timedelta(minutes=1)


@pytest.fixture
def server(house: House, authority: IssuingAuthority, tmp_path: Path) -> Iterator[BackgroundServer]:
    house.clock.set(datetime.now(UTC).replace(microsecond=0) - 3 * 60 * MINUTE)
    made = development_certificate.ensure(tmp_path, "localhost", datetime.now(UTC))
    trusted = b"".join(each.public_bytes(Encoding.PEM) for each in (authority.issuing, authority.root))
    with BackgroundServer(application(house), Tls(made.certificate, made.key, trusted)) as running:
        yield running


@pytest.fixture
def desktop(server: BackgroundServer, tmp_path: Path) -> Iterator[Desktop]:
    root = tmp_path / "development-tls" / "root.pem"
    with desktop_for(f"https://localhost:{server.port}", root, tmp_path) as desktop:
        yield desktop


def asked_mails(house: House) -> list[str]:
    return [fact.kind for fact in house.every_fact() if isinstance(fact, NotificationRequested)]


@needs_chromium
@needs_root
@pytest.mark.timeout(180)
def test_a_person_is_locked_out_gets_a_certificate_logs_in_with_it_and_is_refused_once_it_is_revoked(
    house: House, server: BackgroundServer, desktop: Desktop
) -> None:
    house.organization("ACME01", "さくら精機労働組合")
    first = house.desk.accounts.register(
        "sato2001", "general", "ACME01", "佐藤 由美", "y-sato@example.com", COMMAND_LINE, house.clock()
    )
    url = f"https://localhost:{server.port}"

    with desktop.browser() as page:
        page.goto(url)
        desktop.picture(page, "03-entrance")
        page.click("main a:has-text('ログイン')")
        assert page.title().startswith("ログイン")
        desktop.picture(page, "03-no-certificate")

        page.goto(url)
        page.click("a:has-text('電子証明書発行')")
        desktop.picture(page, "04-authentication")
        for _ in range(6):
            fill(page, "認証", user_id="sato2001", password="wrong9999")
        desktop.picture(page, "04-refused")
        assert asked_mails(house) == ["locked"]

        house.clock.advance(60 * MINUTE - timedelta(seconds=1))
        fill(page, "認証", user_id="sato2001", password=first)
        assert "認証できませんでした" in page.inner_text("main")
        house.clock.advance(timedelta(seconds=1))
        fill(page, "認証", user_id="sato2001", password=first)
        assert page.inner_text("h1") == "電子証明書発行"
        desktop.picture(page, "05-confirm")

        with page.expect_download() as downloaded:
            page.click("button:has-text('発行')")
            assert page.inner_text("h1") == "電子証明書発行中"
            desktop.picture(page, "06-progress")
            page.wait_for_url("**/issuance/result")
        p12 = desktop.home / downloaded.value.suggested_filename
        downloaded.value.save_as(p12)
        desktop.picture(page, "07-result")
        desktop.import_p12(p12, first)
        page.click("button:has-text('閉じる')")
        assert page.inner_text("h1") == "電子証明書発行終了"
        desktop.picture(page, "08-closed")

    with desktop.browser() as page:
        page.goto(url)
        assert "sato2001" in page.inner_text("main")
        page.click("main a:has-text('ログイン')")
        desktop.picture(page, "09-login")
        fill(page, "ログイン", user_id="sato2001", password=first)
        assert page.inner_text("h1") == "パスワード変更"
        desktop.picture(page, "09-password")
        fill(page, "変更", current_password=first, password="sakura2026", password_again="sakura2026")
        assert page.inner_text("h1") == "ホーム"
        desktop.picture(page, "09-home")

        house.desk.revocation.revoke_user("sato2001", "lost", COMMAND_LINE, house.clock())
        page.click("nav a:has-text('ホーム')")
        assert "失効" in page.inner_text("main")
        desktop.picture(page, "10-revoked")
        page.goto(f"{url}/login")
        assert "失効" in page.inner_text("main")
        desktop.picture(page, "10-revoked-login")
