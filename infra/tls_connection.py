"""One connection of the embedded web server: its client certificate, and what it may take of time and memory.

Who says nothing, or half of something, is cut off: browsers connect ahead of need, but none is silent for long. (A TLS
handshake ends after 60 seconds, by asyncio's and uvloop's own clock.)
"""

import asyncio
import ssl
from typing import Any

from cryptography import x509
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TLS_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}

GOODBYE = 0.2  # seconds for an idle connection to close
MOST_UNFINISHED = 64 * 1024  # bytes of a request's head, or between two pieces of its body


def connection_details(connection: ssl.SSLObject) -> dict[str, Any]:
    """The ASGI TLS extension's dictionary.

    Of the client's chain only its own certificate stands in it: before Python 3.13 the ssl module does not tell the
    rest. `client_cert_error` is always None, for without a successful verification there is no connection.
    """
    certificate = connection.getpeercert(binary_form=True)
    suite = connection.cipher()
    suites = {known["name"]: known["id"] & 0xFFFF for known in connection.context.get_ciphers()}  # IANA's number
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(certificate)] if certificate else [],
        "client_cert_name": x509.load_der_x509_certificate(certificate).subject.rfc4514_string()
        if certificate
        else None,
        "client_cert_error": None,
        "tls_version": TLS_VERSIONS.get(connection.version() or ""),
        "cipher_suite": suites.get(suite[0]) if suite else None,
    }


def with_details(app: ASGIApp, details: dict[str, Any]) -> ASGIApp:
    async def app_on_this_connection(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})["tls"] = dict(details)
        await app(scope, receive, send)

    return app_on_this_connection


class TlsHttpProtocol(HttpToolsProtocol):  # type: ignore[misc]  # uvicorn.protocols is unknown to mypy here
    """uvicorn reads `self.app` anew for each request and calls connection_made after the handshake."""

    head_seconds = 20.0  # from the connection, or from a later request's first byte, to the end of its head
    body_seconds = 30.0  # from there to the end of its body
    most_connections = 900  # in one process: beside them, many systems' 1024 files leave room for the database's

    app: ASGIApp

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._unfinished = 0
        self._late: asyncio.TimerHandle | None = None
        # uvicorn's limit_concurrency would answer 503 to those who are in, too.
        if len(self.connections) > self.most_connections:
            transport.abort()
            return
        self._expect_within(self.head_seconds)
        connection = transport.get_extra_info("ssl_object")
        if connection is not None:
            self.app = with_details(self.app, connection_details(connection))

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_come()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():  # Most browsers leave TLS's good-bye unanswered: SHUTDOWN is not spent on them.
            self.loop.call_later(GOODBYE, self.transport.abort)

    def _expect_within(self, seconds: float) -> None:
        self._has_come()
        self._late = self.loop.call_later(seconds, self.transport.abort)

    def _has_come(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    # httptools buffers a head, a trailer or a chunk's extension of any length; here it ends at MOST_UNFINISHED.

    def data_received(self, data: bytes) -> None:
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > MOST_UNFINISHED and not self.transport.is_closing():
            self.send_400_response("Request header fields too large.")
        # Whatever comes ends uvicorn's keep-alive, also what begins no request: blank lines, the rest of a body.
        if self._late is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_within(self.head_seconds)

    def on_message_begin(self) -> None:
        if self._late is None:
            self._expect_within(self.head_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._unfinished = 0
        self._expect_within(self.body_seconds)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished = 0
        self._has_come()
        super().on_message_complete()
