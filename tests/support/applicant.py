"""A person who wants one certificate and gets on with it, whatever process dies meanwhile: reload, type again, go on.

He notes what he was told, for that must stand in the log (measures Q3, Q5).
"""

import ssl
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from tests.support.crowd import together
from tests.support.fleet import PATIENCE, Visitor, wait
from tests.support.html import Page

LOOK = 0.1  # seconds between two looks at the wait page
STEPS = 600  # a way of more steps than these leads nowhere


class NotServed(Exception):
    """A page of the 500s; the message is its status."""


class Applicant(Visitor):
    """`told` counts the facts that answers stood for, `received` are the p12 files handed out.

    All of his requests may raise TransportError, or NotServed for a page that asks to come again.
    """

    def __init__(self, url: str, root: Path, user_id: str, password: str) -> None:
        super().__init__(url, root)
        self.root, self.user_id, self.password = root, user_id, password
        self.told = Counter[str]()
        self.received: list[bytes] = []
        self.shows_certificate = False
        self.client.event_hooks = {"response": [check_served]}

    def arrive(self) -> None:
        """On to the first page after the login, from wherever he stands."""
        for _ in range(STEPS):
            if self.received:
                return self.log_in()
            self.go_on()
        raise RuntimeError("the issue never ended")

    def go_on(self) -> None:
        """What ⑥ leads to: with no ticket to ④, with an open one to 発行, else to the result or to another look."""
        answer = self.get("/issuance/progress")
        match answer.status_code, answer.headers.get("location"):
            case 303, "/issuance/result":
                self.told |= Counter(("CertificateIssued", "IssuanceCompleted"))  # once, however often it is said
                self.fetch()
            case 303, "/issuance/confirm":
                self.press("/issuance/confirm")
            case 200, None if "refresh" in answer.text:
                wait(LOOK)
            case 200, None:
                self.press("/issuance/progress")  # it failed, and offers 発行 again
            case _:
                self.enter()

    def enter(self) -> None:
        """④."""
        answer = self.authenticate(self.user_id, self.password)
        if answer.status_code == httpx2.codes.SEE_OTHER:
            self.told["PasswordAccepted"] += 1

    def press(self, page: str) -> None:
        """発行, on ⑤ or ⑥."""
        fields = Page(self.get(page).text).form("/issuance/confirm").fields
        answer = self.post("/issuance/confirm", fields["csrf_token"], ticket=fields["ticket"])
        if answer.status_code == httpx2.codes.SEE_OTHER:
            self.told["IssuanceStarted"] += 1

    def fetch(self) -> None:
        answer = self.get("/issuance/p12")
        assert answer.status_code == httpx2.codes.OK, answer.text
        self.told["KeyPackageDelivered"] += 1
        self.received.append(answer.content)

    def log_in(self) -> None:
        """With the certificate, as all windows closed and opened again show it."""
        if not self.shows_certificate:
            self._show_certificate()
        answer = self.post("/login", self.token("/login"), user_id=self.user_id, password=self.password)
        assert answer.headers.get("location") == "/home", answer.text
        self.told.update(("PasswordAccepted", "LoggedIn"))
        assert self.get("/home").status_code == httpx2.codes.OK

    def looks(self, times: int) -> list[int | Exception]:
        """The statuses of ⑥, asked for by several windows of this browser at once."""

        def look() -> int:
            with Visitor(self.url, self.root) as window:
                window.client.cookies.update(self.client.cookies)
                return window.get("/issuance/progress").status_code

        looks: list[Callable[[], int]] = [look] * times
        return together(looks)

    def _show_certificate(self) -> None:
        opened = pkcs12.load_pkcs12(self.received[-1], self.password.encode())
        assert opened.cert is not None
        assert opened.key is not None
        context = ssl.create_default_context(cafile=self.root)
        with tempfile.NamedTemporaryFile() as file:
            file.write(opened.cert.certificate.public_bytes(Encoding.PEM))
            file.write(opened.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            context.load_cert_chain(file.name)
        cookies = self.client.cookies
        self.client.close()
        self.client = httpx2.Client(base_url=self.url, verify=context, timeout=PATIENCE, cookies=cookies)
        self.client.event_hooks = {"response": [check_served]}
        self.shows_certificate = True


def check_served(answer: httpx2.Response) -> None:
    if answer.is_server_error:
        raise NotServed(answer.status_code)
