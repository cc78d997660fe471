"""The bank's day: an admin revokes a p12 that was never imported, and the customer issues anew (R4.10, R9, R9.4).

Real processes on one database; the admin has a real browser, the customer one without a screen.
"""

import json
from collections.abc import Iterator

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.desktop import Desktop, desktop_for, fill, needs_chromium, needs_root
from tests.support.fleet import Fleet, Process, Visitor, free_port
from tests.support.ocsp import GOOD, REVOKED, read, request

STAFF = ("--role", "bank_admin", "--name", "森田 恵", "--email", "megumi@example.com", "--p12", "admin.p12")
USER = ("--organization", "ACME01", "--name", "佐藤 由美", "--email", "y-sato@example.com")


@pytest.fixture
def private_port() -> int:
    return free_port()


@pytest.fixture
def web(fleet: Fleet, private_port: int) -> Process:
    fleet.start("project")
    (web,) = fleet.web(SHOMEI_PRIVATE_PORT=str(private_port))
    return web


@pytest.fixture
def desktop(fleet: Fleet, web: Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with desktop_for(f"https://127.0.0.1:{web.port}", fleet.root, tmp_path_factory.mktemp("admin")) as desktop:
        yield desktop


def issued(visitor: Visitor, password: str) -> int:
    """④ to ⑦ and the download; returns the certificate's serial."""
    assert visitor.authenticate("sato2001", password).status_code == 303
    assert visitor.issue().status_code == 303
    assert visitor.wait_for_the_result().headers["location"] == "/issuance/result"
    _, certificate, _ = pkcs12.load_key_and_certificates(visitor.get("/issuance/p12").content, password.encode())
    assert certificate is not None
    return certificate.serial_number


@needs_chromium
@needs_root
@pytest.mark.timeout(180)
def test_an_admin_revokes_a_lost_p12_in_the_console_and_the_customer_issues_anew(
    fleet: Fleet, web: Process, private_port: int, desktop: Desktop
) -> None:
    fleet.run("ca", "root-crl")  # the fleet's authority is years old, and so is its list
    fleet.run("organization", "add", "ACME01", "さくら精機労働組合", "--email", "keiri@example.com")
    password = json.loads(fleet.run("user", "add", "sato2001", *USER, "--json"))["password"]
    first = json.loads(fleet.run("staff", "add", "morita01", *STAFF, "--json"))["password"]
    url = f"https://127.0.0.1:{web.port}"
    with fleet.visitor(web) as customer:
        lost = issued(customer, password)
    locked = json.loads(fleet.run("user", "add", "yamada15", *USER, "--json"))["user_id"]
    with fleet.visitor(web) as stranger:
        for _ in range(6):
            stranger.authenticate(locked, "wrong9999")
    p12 = fleet.home / "admin.p12"
    _, _, chain = pkcs12.load_key_and_certificates(p12.read_bytes(), first.encode())

    def ocsp(serial: int) -> object:
        with fleet.visitor(web) as verifier:
            answer = verifier.client.post(
                "/ocsp", content=request(chain[0], serial), headers={"content-type": "application/ocsp-request"}
            )
        return read(answer.content).certificate_status

    assert ocsp(lost) is GOOD
    desktop.import_p12(p12, first)
    with desktop.browser() as page:
        page.goto(f"{url}/login")
        fill(page, "ログイン", user_id="morita01", password=first)
        fill(page, "変更", current_password=first, password="kaede2026", password_again="kaede2026")
        page.goto(f"{url}/bank")
        assert page.inner_text("h1") == "本日の概況"
        desktop.picture(page, "bank")
        page.goto(f"{url}/bank/certificates?user_id=sato2001")
        page.click("main tbody a >> nth=0")
        page.click("a:has-text('失効の手続きへ')")
        page.check("[value=not_imported]")
        fill(page, "失効する", own_password="wrong9999")
        assert "失効できませんでした" in page.inner_text("main")
        assert ocsp(lost) is GOOD
        fill(page, "失効する", own_password="kaede2026")
        assert "失効" in page.inner_text("main")
        desktop.picture(page, "bank-revoked")
    assert ocsp(lost) is REVOKED

    with fleet.visitor(web) as customer:
        again = issued(customer, password)
    assert again != lost
    assert ocsp(again) is GOOD

    token = json.loads(fleet.run("token", "add", "morita01", "--json"))["token"]
    private = f"http://127.0.0.1:{private_port}"
    bearer = {"Authorization": f"Bearer {token}"}
    told = httpx2.get(f"{private}/api/v1/lock-status?user_id=sato2001", headers=bearer).json()
    assert [row["state"] for row in told["items"]] == ["open"]
    assert httpx2.post(f"{private}/api/v1/lock-status", headers=bearer).status_code == 405
    assert httpx2.get(f"{private}/bank", headers=bearer).status_code == 404
    assert httpx2.get(f"{private}/api/v1/lock-status").status_code == 401
