"""P3: OCSP answers, from the signed cache beside `cfssl ocspserve` and django-ca, and signed on demand (each with a
nonce of its own) beside `openssl ocsp` and django-ca. Processor time of the process that answers.

One client, which asks again as soon as it is answered and keeps its connection; `openssl ocsp` closes it after each
answer, so there it is opened anew. django-ca has no cache of answers, and signs each.
"""

import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from bench.django_ca import DjangoCa, django_ca
from bench.openssl import cfssl_responder, openssl_responder
from bench.place import Place, place
from bench.rounds import A_CPU_SECOND, Comparison, Cost, Row, cost_of, interleaved, table
from infra.bootstrap import load_authority
from infra.clock import now
from infra.ocsp_signer import OcspSignerFile
from tests.support.fleet import PASSPHRASE, PATIENCE, free_port
from tests.support.ocsp import GOOD, read, request

ANSWERS = 400  # in one round
CACHED_CFSSL = Comparison("P3", "OCSP answers, cached; cfssl ocspserve", A_CPU_SECOND, ">= 0.5")
CACHED_DJANGO = Comparison("P3", "OCSP answers, cached; django-ca", A_CPU_SECOND, ">= 35")
SIGNED_OPENSSL = Comparison("P3", "OCSP answers, signed on demand; openssl ocsp", A_CPU_SECOND, ">= 0.4")
SIGNED_DJANGO = Comparison("P3", "OCSP answers, signed on demand; django-ca", A_CPU_SECOND, ">= 10")
COMPARISONS = [CACHED_CFSSL, CACHED_DJANGO, SIGNED_OPENSSL, SIGNED_DJANGO]
Side = Callable[[], Cost]


class Client:
    """Speaks as little HTTP as it takes."""

    def __init__(self, port: int, path: str) -> None:
        self._address = ("127.0.0.1", port)
        self._head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ocsp-request\r\n"
        self._connection: socket.socket | None = None

    def ask(self, asked: bytes) -> bytes:
        if self._connection is None:
            self._connection = socket.create_connection(self._address, timeout=PATIENCE)
        self._connection.sendall(f"{self._head}Content-Length: {len(asked)}\r\n\r\n".encode() + asked)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(lines[b"content-length"]):
            body += self._more()
        assert b" 200 " in head.split(b"\r\n")[0], head
        if head.startswith(b"HTTP/1.0") or lines.get(b"connection") == b"close":
            self.close()
        return body

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _more(self) -> bytes:
        assert self._connection is not None
        piece = self._connection.recv(65536)
        assert piece
        return piece


def asking(port: int, path: str, process: int, asked: Callable[[], bytes]) -> Side:
    """`asked` makes the next request; the first answer is looked at."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with closing(Client(port, path)) as client:
                assert read(client.ask(asked())).certificate_status is GOOD
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline

    def side() -> Cost:
        requests = [asked() for _ in range(ANSWERS)]
        with closing(Client(port, path)) as client:
            return cost_of(lambda: [client.ask(one) for one in requests], process).per(ANSWERS)

    return side


def rows() -> list[Row]:
    with place() as at, ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        return compare(at, opened, folder)


def compare(at: Place, opened: ExitStack, folder: Path) -> list[Row]:
    serial = serial_of_a_certificate(at)
    authority, settings = load_authority(at.house.settings), at.house.settings
    plain = request(authority.issuing, serial)
    port = free_port()
    (web,) = at.fleet.web(1, SHOMEI_PKI_PORT=str(port))
    signer = OcspSignerFile(settings.home / "authority", PASSPHRASE.encode(), authority, settings.pki_url).ensure(now())
    with closing(Client(port, "/ocsp")) as client:
        signed = client.ask(plain)

    def with_nonce() -> bytes:
        return request(authority.issuing, serial, secrets.token_bytes(32))

    cached = asking(port, "/ocsp", web.process.pid, lambda: plain)
    on_demand = asking(port, "/ocsp", web.process.pid, with_nonce)
    issuing = authority.issuing.public_bytes(Encoding.PEM)
    cfssl_port, openssl_port = free_port(), free_port()
    cfssl = opened.enter_context(cfssl_responder(folder, cfssl_port, signed))
    end = authority.issuing.not_valid_after_utc.strftime("%y%m%d%H%M%SZ")
    openssl = opened.enter_context(openssl_responder(folder, openssl_port, issuing, signer, serial, end))
    django = opened.enter_context(django_ca(folder / "django", free_port()))
    return [
        *beside(CACHED_CFSSL, cached, of(cfssl, cfssl_port, lambda: plain)),
        *beside(CACHED_DJANGO, cached, of_django(django)),
        *beside(SIGNED_OPENSSL, on_demand, of(openssl, openssl_port, with_nonce)),
        *beside(SIGNED_DJANGO, on_demand, of_django(django)),
    ]


def of(process: "subprocess.Popen[bytes] | None", port: int, asked: Callable[[], bytes]) -> Side | None:
    return asking(port, "/", process.pid, asked) if process else None


def of_django(found: DjangoCa | None) -> Side | None:
    return asking(found.port, found.path, found.web, lambda: found.request) if found else None


def beside(comparison: Comparison, ours: Side, peer: Side | None) -> list[Row]:
    """None where the peer is not to be had."""
    if peer is None:
        print(f"P3: not installed, nothing compared: {comparison.what}")
        return []
    theirs, mine = interleaved(peer, ours)
    ours_a_second, theirs_a_second = ([1 / cost.cpu for cost in costs] for costs in (mine, theirs))
    return [comparison.of(ours_a_second, theirs_a_second)]


def serial_of_a_certificate(at: Place) -> str:
    customer = at.certified()
    query = "select serial from certificate_index where fingerprint = %s"
    return str(at.house.database.execute(query, customer.fingerprint)[0]["serial"])


if __name__ == "__main__":
    print(table(rows()))
