"""One of a crowd: a browser whose form is open already, so that all of them can send at the same moment."""

import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import httpx2
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from tests.support.crowd import together
from tests.support.fleet import PATIENCE, Visitor
from tests.support.html import Page


class Listener(Protocol):
    """Who serves at 127.0.0.1: a process of ours, or nginx."""

    port: int


class Guest(Visitor):
    """At the page `path` of a listener; `certificate` is the PEM file it shows, certificate and key."""

    def __init__(
        self,
        listener: Listener,
        root: Path,
        path: str,
        certificate: Path | None = None,
        cookies: httpx2.Cookies | None = None,
    ) -> None:
        self.url = f"https://127.0.0.1:{listener.port}"
        context = ssl.create_default_context(cafile=root)
        if certificate is not None:
            context.load_cert_chain(certificate)
        self.client = httpx2.Client(base_url=self.url, verify=context, timeout=PATIENCE, cookies=cookies)
        self.path = path
        self._fields: dict[str, str] = {}

    def open(self) -> None:
        self._fields = Page(self.get(self.path).text).form(self.path).fields

    def send(self, **typed: str) -> httpx2.Response:
        return self.client.post(self.path, data=self._fields | typed)


@contextmanager
def opened(guests: Iterable[Guest]) -> Iterator[Sequence[Guest]]:
    """All with the form of their page before them."""
    crowd = list(guests)
    with ExitStack() as leaving:
        for guest in crowd:
            leaving.enter_context(guest)
        for outcome in together([guest.open for guest in crowd]):
            if isinstance(outcome, Exception):
                raise outcome
        yield crowd


def certificate_file(p12: bytes, password: str, file: Path) -> Path:
    """What a browser has imported, as OpenSSL wants it."""
    content = pkcs12.load_pkcs12(p12, password.encode())
    assert content.cert is not None
    assert content.key is not None
    file.write_bytes(
        content.cert.certificate.public_bytes(Encoding.PEM)
        + content.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file
