"""Browsers on the real application, in memory: cookies kept, the pages' own forms sent, a certificate carried.

Nothing is followed by itself, so that a test sees each answer.
"""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlencode

from httpx2 import Response
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.certificate import CertificateIssued, certificate_stream
from domain.fact import COMMAND_LINE
from domain.policy import CLOCK_SKEW
from tests.support.accounts import SECOND
from tests.support.house import OVER, RENEWAL, RIGHT, TARO, House
from tests.support.html import Page
from tests.support.site import wired
from web.limits import Limits
from web.mailbox import Mailbox
from web.site import Site

HOST = "https://shomei.example.com"  # `__Host-` cookies need https


class Connection:
    """What the embedded server does to each request of a connection: the ASGI TLS extension 0.2, and the address.

    Without an address it is a Unix socket's, or a TCP connection that was reset.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.certificate: bytes | None = None
        self.address: str | None = "192.0.2.1"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            chain = [ssl.DER_cert_to_PEM_cert(self.certificate)] if self.certificate is not None else []
            tls = {"client_cert_chain": chain, "client_cert_error": None}
            scope["extensions"] = {**scope.get("extensions", {}), "tls": tls}
            scope["client"] = (self.address, 50000) if self.address is not None else None
        await self._app(scope, receive, send)


class Browser:
    """One browser. `certificate` is the DER chosen, which changes only as if all windows had been closed."""

    def __init__(self, app: ASGIApp, *, bugs_are_raised: bool = True) -> None:
        self._connection = Connection(app)
        self.client = TestClient(
            self._connection, base_url=HOST, follow_redirects=False, raise_server_exceptions=bugs_are_raised
        )
        self.answer: Response | None = None

    @property
    def certificate(self) -> bytes | None:
        return self._connection.certificate

    @certificate.setter
    def certificate(self, der: bytes | None) -> None:
        self._connection.certificate = der

    def comes_from(self, address: str | None) -> "Browser":
        """None: as on a Unix socket, and as over TCP once the connection was reset."""
        self._connection.address = address
        return self

    @property
    def page(self) -> Page:
        """The one shown now."""
        assert self.answer is not None
        return Page(self.answer.text)

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self.client.cookies)

    def send(self, method: str, path: str, **request: Any) -> Response:
        """A request of any make, as httpx takes it; its answer is the page then shown."""
        self.answer = self.client.request(method, path, **request)
        return self.answer

    def open(self, path: str) -> Response:
        return self.send("GET", path)

    def follow(self) -> Response:
        """Go where the last answer sent us."""
        assert self.answer is not None
        return self.open(self.answer.headers["location"])

    def submit(self, action: str, **typed: str) -> Response:
        """Send the form of the page shown that goes to `action`, its hidden fields with it."""
        form = self.page.form(action)
        assert set(typed) <= set(form.fields), "a person types into the fields that there are"
        if form.method == "get":
            return self.open(f"{action}?{urlencode(form.fields | typed)}")
        return self.post(action, **form.fields | typed)

    def post(self, path: str, **fields: str) -> Response:
        """These fields and no others."""
        return self.send("POST", path, data=fields)

    def authenticate(self, user_id: str = TARO, password: str = RIGHT) -> Response:
        """④."""
        self.open("/issuance")
        return self.submit("/issuance", user_id=user_id, password=password)

    def log_in(self, user_id: str = TARO, password: str = RIGHT) -> Response:
        self.open("/login")
        return self.submit("/login", user_id=user_id, password=password)

    def token(self, path: str = "/issuance") -> str:
        """The form token that the public pages of this browser carry, or those behind the log-in."""
        return form_token(self.client.get(path).text)


class Server:
    """The application as one process runs it; every browser talks to its one event loop."""

    def __init__(self, site: Site, app: Starlette, opened: ExitStack) -> None:
        self.site = site
        self.app = app
        self._opened = opened
        self._host = opened.enter_context(TestClient(app))

    def browser(self, certificate: bytes | None = None, *, bugs_are_raised: bool = True) -> Browser:
        browser = Browser(self.app, bugs_are_raised=bugs_are_raised)
        browser.client.portal = self._host.portal
        browser.certificate = certificate
        self._opened.callback(browser.client.close)
        return browser

    def finish_work(self) -> None:
        """Wait for what goes on after an answer: the issuing itself."""
        assert self._host.portal is not None
        self._host.portal.call(self.site.finish)


@contextmanager
def serving(
    house: House,
    kind: type[Site] = Site,
    *,
    limits: Limits | None = None,
    tries_waiting: int = 64,
    strict_transport: bool = False,
    behind_nginx: bool = False,
    kept: Mailbox | None = None,
) -> Iterator[Server]:
    """As `wired` in tests/support/site.py."""
    site, app = wired(
        house,
        kind,
        limits=limits,
        tries_waiting=tries_waiting,
        strict_transport=strict_transport,
        behind_nginx=behind_nginx,
        kept=kept,
    )
    with ExitStack() as opened:
        yield Server(site, app, opened)


def form_token(html: str) -> str:
    return Page(html).forms[0].fields["csrf_token"]


# ---- certificates that cannot log in, by the code of what is wrong with them


def none(house: House) -> None:
    house.issue()


def unknown(house: House) -> bytes:
    house.issue()
    return b"a certificate that is none of ours"


def not_yet_valid(house: House) -> bytes:
    house.issue()
    house.clock.advance(-CLOCK_SKEW - SECOND)
    return certificate_of(house)


def expired(house: House) -> bytes:
    house.issue()
    house.clock.set(OVER)
    return certificate_of(house)


def revoked(house: House) -> bytes:
    house.issue()
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())
    return certificate_of(house)


def superseded(house: House) -> bytes:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()
    house.log_in(number=2)
    return certificate_of(house)


UNUSABLE = {
    f"certificate_{made.__name__}": made for made in (none, unknown, not_yet_valid, expired, revoked, superseded)
}


def certificate_of(house: House, user_id: str = "taro0001", number: int = 1) -> bytes:
    """The DER of that issue, as the browser holds it once imported."""
    (issued,) = (
        fact for fact in house.store.load(certificate_stream(user_id, number)) if isinstance(fact, CertificateIssued)
    )
    return issued.der
