"""A certificate before and after its revocation, as OpenSSL's own client and verifier see it (R4.10, R4.11)."""

import json
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from tests.support.fleet import Fleet, free_port
from tests.support.ocsp import REVOKED, read, request
from tests.support.openssl import OpenSsl

OPTIONS = ((), ("-no_nonce",), ("-sha256",))
STAFF = ("--role", "auditor", "--name", "監査 二郎", "--email", "jiro@example.com", "--p12", "a.p12")


class Verifier(OpenSsl):
    """Of an auditor's certificate, before two web processes."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.port = fleet, free_port()
        second_port = free_port()
        self.second_url = f"http://127.0.0.1:{second_port}"
        fleet.run("ca", "root-crl")  # the authority of the fleet is years old, and so is its list
        self.webs = [fleet.start("serve", SHOMEI_PKI_PORT=str(port)) for port in (self.port, second_port)]
        for web in self.webs:
            with fleet.visitor(web) as visitor:
                visitor.wait_until_ready(web)
        made = json.loads(fleet.run("staff", "add", "audit001", *STAFF, "--json"))
        p12 = (fleet.home / "a.p12").read_bytes()
        _, certificate, chain = pkcs12.load_key_and_certificates(p12, made["password"].encode())
        assert certificate is not None
        root = (fleet.home / "authority" / "root.pem").read_bytes()
        super().__init__(folder, f"http://127.0.0.1:{self.port}", certificate, chain, root)

    def revoke(self) -> None:
        self.fleet.run("revoke", "audit001", "--reason", "lost")


@pytest.fixture
def verifier(fleet: Fleet, tmp_path: Path) -> Verifier:
    return Verifier(fleet, tmp_path / "verifier")


def test_openssl_sees_a_certificate_good_and_then_revoked(verifier: Verifier) -> None:
    before = [verifier.ocsp(*option, "-cert", "leaf.pem") for option in OPTIONS]
    unknown = verifier.ocsp("-serial", "0x0123456789ABCDEF")
    valid = verifier.verify()

    verifier.revoke()

    after = [
        verifier.ocsp(*option, "-cert", "leaf.pem", url=url)
        for url in (verifier.url, verifier.second_url)
        for option in OPTIONS
    ]
    assert all("Response verify OK" in said and "leaf.pem: good" in said for said in before), before
    assert all("WARNING" not in said for said in before[::2] + after[::3] + after[2::3])  # the nonce is in the answer
    assert "0x0123456789ABCDEF: unknown" in unknown
    assert valid == "leaf.pem: OK\n"
    assert all("Response verify OK" in said and "leaf.pem: revoked" in said for said in after), after
    assert all("Reason: keyCompromise" in said for said in after)
    assert "certificate revoked" in verifier.verify()


def test_the_main_listener_has_the_same(verifier: Verifier) -> None:
    (web, _) = verifier.webs
    verifier.revoke()
    asked = request(verifier.issuing, verifier.leaf.serial_number)

    with verifier.fleet.visitor(web) as visitor:
        fetched = {path: visitor.get(path).content for path in ("/crl/issuing.crl", "/crl/root.crl", "/ca/issuing.cer")}
        answer = visitor.client.post("/ocsp", content=asked, headers={"content-type": "application/ocsp-request"})

    assert fetched == {path: verifier.fetch(path, verifier.second_url) for path in fetched}
    assert fetched["/ca/issuing.cer"] == verifier.issuing.public_bytes(Encoding.DER)
    assert read(answer.content).certificate_status is REVOKED


def test_a_process_that_stands_by_takes_the_port_over(verifier: Verifier) -> None:
    web = verifier.fleet.start("serve", SHOMEI_PKI_PORT=str(verifier.port))
    with verifier.fleet.visitor(web) as visitor:
        visitor.wait_until_ready(web)

    verifier.webs[0].stop()

    transport = httpx2.HTTPTransport(retries=10)  # with growing pauses, 4 s before the last of them
    with httpx2.Client(transport=transport) as client:
        assert client.get(f"http://127.0.0.1:{verifier.port}/ca/root.cer").status_code == 200
