"""The issuing authority renewed beside a running system (R4.10, R4.11): certificates of both generations go on."""

import json
import ssl
import subprocess
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.support.fleet import PATIENCE, Fleet, Process, Visitor, free_port

STAFF = ("--role", "auditor", "--name", "監査 二郎", "--email", "jiro@example.com")


class Holder:
    """A member of staff with a certificate, and openssl's view of it with nothing but its p12 and the root."""

    def __init__(self, fleet: Fleet, user_id: str) -> None:
        self.fleet, self.user_id, self.folder = fleet, user_id, fleet.home / user_id
        self.folder.mkdir()
        made = json.loads(fleet.run("staff", "add", user_id, *STAFF, "--p12", f"{user_id}.p12", "--json"))
        self.password = made["password"]
        p12 = (fleet.home / f"{user_id}.p12").read_bytes()
        key, certificate, chain = pkcs12.load_key_and_certificates(p12, self.password.encode())
        assert key is not None
        assert certificate is not None
        self.certificate = certificate
        self.issuing = next(one for one in chain if one.subject == certificate.issuer)
        self.keep("leaf", certificate)
        self.keep("issuing", self.issuing)
        self.keep("root", x509.load_pem_x509_certificate((fleet.home / "authority" / "root.pem").read_bytes()))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "alone.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))

    def keep(self, name: str, certificate: x509.Certificate) -> None:
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    def log_in(self, web: Process) -> int:
        """With the leaf alone, as a browser may send it."""
        with self.fleet.visitor(web) as visitor:
            trusting = ssl.create_default_context(cafile=self.fleet.root)
            trusting.load_cert_chain(self.folder / "alone.pem")
            visitor.client = httpx2.Client(base_url=visitor.url, verify=trusting, timeout=PATIENCE)
            return self.answer(visitor)

    def answer(self, visitor: Visitor) -> int:
        token = visitor.token("/login")
        return visitor.post("/login", token, user_id=self.user_id, password=self.password).status_code

    def verify(self, pki_port: int) -> str:
        """With the lists that the certificates themselves name."""
        lists = b""
        for certificate in (self.certificate, self.issuing):
            points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
            named = points[0].full_name
            assert named is not None
            der = fetch(pki_port, named[0].value)
            lists += x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
        (self.folder / "lists.pem").write_bytes(lists)
        trusted = ("-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "lists.pem")
        return self.openssl("verify", "-crl_check_all", *trusted, "leaf.pem")

    def ocsp(self, pki_port: int) -> str:
        trusted = ("-CAfile", "root.pem", "-verify_other", "issuing.pem", "-issuer", "issuing.pem")
        return self.openssl("ocsp", *trusted, "-cert", "leaf.pem", "-url", f"http://127.0.0.1:{pki_port}/ocsp")

    def issuer_published(self, pki_port: int) -> bool:
        """At the address that the certificate names."""
        access = self.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        (at,) = (one for one in access if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS)
        return fetch(pki_port, at.access_location.value) == self.issuing.public_bytes(Encoding.DER)

    def openssl(self, *words: str) -> str:
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True)
        return done.stdout + done.stderr


def fetch(pki_port: int, url: str) -> bytes:
    answer = httpx2.get(f"http://127.0.0.1:{pki_port}{urlsplit(url).path}")
    assert answer.status_code == 200, url
    return answer.content


def web(fleet: Fleet) -> tuple[Process, int]:
    port = free_port()
    (started,) = fleet.web(SHOMEI_PKI_PORT=str(port))
    return started, port


@pytest.fixture
def before(fleet: Fleet) -> Holder:
    fleet.run("ca", "root-crl")  # the authority of the fleet is years old, and so is its list
    return Holder(fleet, "audit001")


def test_certificates_of_both_generations_are_good_after_a_renewal(fleet: Fleet, before: Holder) -> None:
    running, _ = web(fleet)

    fleet.run("ca", "renew")

    assert before.log_in(running) == 303  # which has seen nothing of it
    running.stop()
    after = Holder(fleet, "audit002")
    restarted, port = web(fleet)
    assert after.issuing != before.issuing
    assert [one.log_in(restarted) for one in (before, after)] == [303, 303]
    assert [one.verify(port) for one in (before, after)] == ["leaf.pem: OK\n"] * 2
    assert ["Response verify OK" in said and "leaf.pem: good" in said for said in (before.ocsp(port), after.ocsp(port))]
    assert all(one.issuer_published(port) for one in (before, after))
    assert after.issuing.not_valid_after_utc > datetime.now(UTC).replace(year=datetime.now(UTC).year + 9)


def test_each_generation_tells_of_its_own_revocations(fleet: Fleet, before: Holder) -> None:
    fleet.run("ca", "renew")
    after, another = Holder(fleet, "audit002"), Holder(fleet, "audit003")
    _, port = web(fleet)

    fleet.run("revoke", "audit001", "--reason", "lost")
    fleet.run("revoke", "audit003", "--reason", "lost")

    assert ["leaf.pem: revoked" in one.ocsp(port) for one in (before, after, another)] == [True, False, True]
    assert ["certificate revoked" in one.verify(port) for one in (before, after, another)] == [True, False, True]
    listed = [x509.load_der_x509_crl(fetch(port, path)) for path in ("/crl/issuing.crl", "/crl/issuing-2.crl")]
    assert [[one.serial_number for one in found] for found in listed] == [
        [before.certificate.serial_number],
        [another.certificate.serial_number],
    ]
