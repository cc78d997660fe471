"""P2: a certificate signed and stored, beside django-ca, with a P-256 and with an RSA-2048 authority; and beside `cfssl
serve`, which signs and stores nothing. The public key is the same each time, for django-ca is given a request too.

Processor time of the process that signs. django-ca writes into SQLite, which is part of it; our PostgreSQL is not. Ours
records the plan, lints a copy signed by a throwaway key, signs, compares, and records the certificate: two commits.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from application.certification import Certification
from application.ports import KeyPair
from application.streams import load_account, load_certificate
from bench.django_ca import django_ca
from bench.place import Place, place
from bench.rounds import A_CPU_SECOND, Comparison, Cost, Row, cost_of, interleaved, table
from domain.certificate import certificate_stream
from domain.fact import COMMAND_LINE
from domain.organization_facts import Profile
from infra.authority import IssuingAuthority
from infra.authority_certificates import issuing_certificate, root_certificate
from infra.certificate_parts import RSA_EXPONENT, IssuerKey
from infra.clock import now
from infra.pkcs12 import make_key
from tests.support.fleet import PATIENCE, free_port, wait

CERTIFICATES = 40  # in one round
RSA_BITS = 2048
BANK = "見本"
CERTIFY = "/api/v1/cfssl/sign"
P256 = Comparison("P2", "certificates, P-256 authority; django-ca", A_CPU_SECOND, ">= 1")
RSA = Comparison("P2", f"certificates, RSA-{RSA_BITS} authority; django-ca", A_CPU_SECOND, ">= 15")
CFSSL = Comparison("P2", "certificates, P-256 authority; `cfssl serve`, which stores none", A_CPU_SECOND)
COMPARISONS = [P256, RSA, CFSSL]

Side = Callable[[], Cost]


class OneKey:
    """A key pair made before, and no p12: neither belongs to signing and storing."""

    def __init__(self) -> None:
        self._key = make_key("p256")

    def new_key(self) -> KeyPair:
        return self._key

    def pack(
        self,
        user_id: str,
        key: KeyPair,
        certificate: bytes,
        chain: tuple[bytes, bytes],
        password: str,
        profile: Profile,
    ) -> bytes:
        return b""


def authority_of(key: IssuerKey, pki_url: str) -> IssuingAuthority:
    root_key = ec.generate_private_key(ec.SECP384R1())
    root = root_certificate(root_key, now(), BANK)
    return IssuingAuthority(
        key, issuing_certificate(key.public_key(), root, root_key, now(), pki_url, BANK), root, pki_url
    )


def ours(at: Place, key: IssuerKey) -> Side:
    found, authority = at.house, authority_of(key, at.house.settings.pki_url)
    account, numbers = load_account(found.facts, at.customer().user_id).state, count(1)
    certification = Certification(
        found.facts, found.sessions, found.tickets, authority, OneKey(), found.index, found.policy, BANK
    )

    def certify() -> None:
        number = next(numbers)
        prepared = certification.plan(account, number, COMMAND_LINE, now())
        der, serial = authority.sign(prepared.request, prepared.planned), prepared.planned.serial
        fingerprint = sha256(der).hexdigest()
        planned = load_certificate(found.facts, certificate_stream(account.user_id, number))
        assert planned is not None
        facts = planned.state.issue(serial, der, fingerprint, prepared.request.validity, COMMAND_LINE, now())
        found.facts.save(planned.changes(facts), rows=[found.index.issued(serial, fingerprint)])

    return lambda: cost_of(lambda: repeated(certify)).per(CERTIFICATES)


def repeated(work: Callable[[], None]) -> None:
    for _ in range(CERTIFICATES):
        work()


@contextmanager
def cfssl(home: Path) -> Iterator[Side | None]:
    """None where it is not installed."""
    if not shutil.which("cfssl"):
        yield None
        return
    key, port = ec.generate_private_key(ec.SECP256R1()), free_port()
    (home / "ca.pem").write_bytes(authority_of(key, "http://pki.example.com").issuing.public_bytes(Encoding.PEM))
    (home / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    words = ["cfssl", "serve", "-ca", "ca.pem", "-ca-key", "ca.key", "-port", str(port), "-loglevel", "5"]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(words, cwd=home, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        try:
            yield asking_cfssl(process.pid, port)
        finally:
            process.kill()


def asking_cfssl(process: int, port: int) -> Side:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench00000")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    body = json.dumps({"certificate_request": signed.public_bytes(Encoding.PEM).decode()})
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def certify() -> None:
        connection.request("POST", CERTIFY, body)
        answer = json.loads(connection.getresponse().read())
        assert answer["success"], answer

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            certify()
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            connection.close()
            wait(0.05)

    def side() -> Cost:
        return cost_of(lambda: repeated(certify), process).per(CERTIFICATES)

    return side


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, place() as at:
        return compare(at, Path(folder))


def compare(at: Place, folder: Path) -> list[Row]:
    with django_ca(folder / "django", free_port()) as django, cfssl(folder) as other:
        sides = {"EC": ours(at, ec.generate_private_key(ec.SECP256R1()))}
        sides["RSA"] = ours(at, rsa.generate_private_key(RSA_EXPONENT, RSA_BITS))
        found = list[Row]()
        if django is None:
            print("P2: django-ca is not installed, nothing compared")
        else:
            for kind, comparison in (("EC", P256), ("RSA", RSA)):

                def theirs(kind: str = kind) -> Cost:
                    return Cost(django.certify(kind, CERTIFICATES), 0).per(CERTIFICATES)

                peer, mine = interleaved(theirs, sides[kind])
                found.append(row(comparison, mine, peer))
        if other is not None:
            peer, mine = interleaved(other, sides["EC"])
            found.append(row(CFSSL, mine, peer))
        return found


def row(comparison: Comparison, mine: list[Cost], peer: list[Cost]) -> Row:
    ours_a_second, theirs_a_second = ([1 / cost.cpu for cost in costs] for costs in (mine, peer))
    return comparison.of(ours_a_second, theirs_a_second)


if __name__ == "__main__":
    print(table(rows()))
