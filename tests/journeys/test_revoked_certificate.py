"""A certificate before and after its revocation, as OpenSSL's own client and verifier see it (R4.10, R4.11)."""

import json
import subprocess
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from tests.support.fleet import Fleet, free_port
from tests.support.ocsp import REVOKED, read, request

OPTIONS = ((), ("-no_nonce",), ("-sha256",))
STAFF = ("--role", "auditor", "--name", "監査 二郎", "--email", "jiro@example.com", "--p12", "a.p12")


class Verifier:
    """Somebody with OpenSSL, the root, and nothing else of ours; the chain comes with the certificate."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.folder = fleet, folder
        self.port, self.second_port = free_port(), free_port()
        fleet.run("ca", "root-crl")  # the authority of the fleet is years old, and so is its list
        self.webs = [fleet.start("serve", SHOMEI_PKI_PORT=str(port)) for port in (self.port, self.second_port)]
        for web in self.webs:
            with fleet.visitor(web) as visitor:
                visitor.wait_until_ready(web)
        made = json.loads(fleet.run("staff", "add", "audit001", *STAFF, "--json"))
        p12 = (fleet.home / "a.p12").read_bytes()
        _, certificate, self.chain = pkcs12.load_key_and_certificates(p12, made["password"].encode())
        assert certificate is not None
        self.certificate = certificate
        self.issuing = next(one for one in self.chain if one.subject == certificate.issuer)
        self.pem("leaf", certificate.public_bytes(Encoding.PEM))
        self.pem("issuing", self.issuing.public_bytes(Encoding.PEM))
        self.pem("chain", b"".join(one.public_bytes(Encoding.PEM) for one in self.chain))
        self.pem("root", (fleet.home / "authority" / "root.pem").read_bytes())

    def pem(self, name: str, content: bytes) -> None:
        (self.folder / f"{name}.pem").write_bytes(content)

    def openssl(self, *words: str) -> str:
        """All that it prints, whatever its verdict."""
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True)
        return done.stdout + done.stderr

    def fetch(self, path: str, port: int | None = None) -> bytes:
        answer = httpx2.get(f"http://127.0.0.1:{port or self.port}{path}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def ocsp(self, *words: str, port: int | None = None) -> str:
        url = f"http://127.0.0.1:{port or self.port}/ocsp"
        return self.openssl("ocsp", "-issuer", "issuing.pem", "-url", url, "-CAfile", "chain.pem", *words)

    def verify(self) -> str:
        """With both lists as they are now."""
        lists = b""
        for name in ("issuing", "root"):
            (self.folder / f"{name}.crl").write_bytes(self.fetch(f"/crl/{name}.crl"))
            lists += self.openssl("crl", "-inform", "DER", "-in", f"{name}.crl").encode()
        self.pem("lists", lists)
        trusted = ("-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "lists.pem")
        return self.openssl("verify", "-crl_check_all", *trusted, "leaf.pem")

    def revoke(self) -> None:
        self.fleet.run("revoke", "audit001", "--reason", "lost")


@pytest.fixture
def verifier(fleet: Fleet, tmp_path: Path) -> Verifier:
    folder = tmp_path / "verifier"
    folder.mkdir()
    return Verifier(fleet, folder)


def test_openssl_sees_a_certificate_good_and_then_revoked(verifier: Verifier) -> None:
    before = [verifier.ocsp(*option, "-cert", "leaf.pem") for option in OPTIONS]
    unknown = verifier.ocsp("-serial", "0x0123456789ABCDEF")
    valid = verifier.verify()

    verifier.revoke()

    after = [
        verifier.ocsp(*option, "-cert", "leaf.pem", port=port)
        for port in (verifier.port, verifier.second_port)
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
    asked = request(verifier.issuing, verifier.certificate.serial_number)

    with verifier.fleet.visitor(web) as visitor:
        fetched = {path: visitor.get(path).content for path in ("/crl/issuing.crl", "/crl/root.crl", "/ca/issuing.cer")}
        answer = visitor.client.post("/ocsp", content=asked, headers={"content-type": "application/ocsp-request"})

    assert fetched == {path: verifier.fetch(path, verifier.second_port) for path in fetched}
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
