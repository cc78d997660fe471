"""The real web server in a thread, on a loopback port of its own; a visitor, and certificates for it to show."""

import hashlib
import signal
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.tls_server import NO_CHECK_TIME, Server, Tls, configuration, listen_on
from web.identity import shown_certificate


class StartedServer(Server):
    def __init__(self, app: ASGIApp, tls: Tls | None, loop: Literal["uvloop", "asyncio"]) -> None:
        config = configuration(app, tls)
        config.loop = loop
        super().__init__(config)
        self.up = threading.Event()

    async def main_loop(self) -> None:
        self.up.set()
        await super().main_loop()


class BackgroundServer:
    """`with BackgroundServer(app, tls) as server:` serves at 127.0.0.1 and `server.port`, and accepts at once.

    Raises RuntimeError when the application does not start. Leaving ends all connections and waits for the thread;
    handshakes that stopped in the middle must be closed by their client before: uvloop cannot close its loop over them
    where warnings are errors.
    """

    def __init__(self, app: ASGIApp, tls: Tls | None = None, *, loop: Literal["uvloop", "asyncio"] = "uvloop") -> None:
        self._server = StartedServer(app, tls, loop)
        self._thread = threading.Thread(target=self._run, name="background-server")

    def _run(self) -> None:
        with self._listener, suppress(SystemExit):  # uvicorn's way to say that the application did not start
            self._server.run([self._listener])
        self._server.up.set()

    def __enter__(self) -> Self:
        (self._listener,) = listen_on("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self._thread.start()
        self._server.up.wait()
        if not self._server.started:
            self._thread.join()
            raise RuntimeError("the application did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()


class Browser:
    """Trusts the root and no other, and shows the certificate it was given by `showing`, if any."""

    def __init__(self, server: BackgroundServer, root: Path) -> None:
        self.server, self.root = server, root
        self.context = ssl.create_default_context(cafile=root)
        self.context.verify_flags |= NO_CHECK_TIME  # these tests are not about the day they run on

    def another(self) -> "Browser":
        return Browser(self.server, self.root)

    def showing(self, file: Path) -> "Browser":
        self.context.load_cert_chain(file)
        return self

    def only(self, version: ssl.TLSVersion) -> "Browser":
        self.context.minimum_version = self.context.maximum_version = version
        return self

    def connect(self) -> HTTPSConnection:
        return HTTPSConnection("127.0.0.1", self.server.port, context=self.context)

    def handshake(self, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.server.port))
        try:
            return self.context.wrap_socket(plain, server_hostname="localhost", session=session)
        except OSError:
            plain.close()
            raise

    def exchange(self, *sent: bytes) -> bytes:
        """All that comes back for the bytes sent, one piece after the other, until the server closes."""
        with self.handshake() as connection:
            for piece in sent:
                connection.sendall(piece)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def get(self) -> dict[str, Any]:
        connection = self.connect()
        try:
            return ask(connection)
        finally:
            connection.close()


def ask(connection: HTTPConnection, path: str = "/") -> dict[str, Any]:
    connection.request("GET", path)
    return answer(connection)


def answer(connection: HTTPConnection) -> dict[str, Any]:
    answered: dict[str, Any] = msgspec.json.decode(connection.getresponse().read())
    return answered


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: localhost", *headers, "", ""]).encode()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what the server says of the connection, and with the shown certificate's fingerprint."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    shown = shown_certificate(scope)
    tls = scope.get("extensions", {}).get("tls")
    body = msgspec.json.encode(
        {"path": scope["path"], "scheme": scope["scheme"], "tls": tls, "shown": shown and shown.fingerprint}
    )
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def stopping(scope: Scope, receive: Receive, send: Send) -> None:
    signal.raise_signal(signal.SIGTERM)
    await echo(scope, receive, send)


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "lifespan.startup.failed", "message": "no database"})


LONG_AGO, LONG_HENCE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
EXPIRED = (LONG_AGO, datetime(2021, 1, 1, tzinfo=UTC))
NOT_YET_VALID = (datetime(2119, 1, 1, tzinfo=UTC), LONG_HENCE)
CLIENT, SERVER, OCSP = (
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.OCSP_SIGNING,
)


class Issued(msgspec.Struct, frozen=True):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.certificate.public_bytes(Encoding.DER)).hexdigest()


def issue(
    name: str,
    issuer: Issued | None = None,
    *purposes: x509.ObjectIdentifier,
    life: tuple[datetime, datetime] = (LONG_AGO, LONG_HENCE),
) -> Issued:
    """An authority's certificate unless clientAuth or serverAuth is the only purpose; self-signed without issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.BasicConstraints(ca=len(purposes) != 1, path_length=None), critical=True)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return Issued(key, builder.sign(issuer.key if issuer else key, SHA256()))


class Wallet:
    """An authority like ours, some certificates under it and others that are not ours; each as a file to show."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        root = issue("root")
        issuing = issue("issuing", root, CLIENT, OCSP)
        self.authorities = root.pem + issuing.pem
        self.authorities_file = folder / "authorities.pem"
        self.authorities_file.write_bytes(self.authorities)
        self.valid = issue("taro01", issuing, CLIENT)
        self.other = issue("hanako02", issuing, CLIENT)
        self.expired = issue("taro01", issuing, CLIENT, life=EXPIRED)
        self.not_yet_valid = issue("taro01", issuing, CLIENT, life=NOT_YET_VALID)
        self.under_the_root = issue("taro01", root, CLIENT)
        self.for_servers = issue("taro01", issuing, SERVER)
        self.foreign = issue("taro01", issue("issuing", issue("root"), CLIENT, OCSP), CLIENT)
        self.self_signed = issue("taro01", None, CLIENT)
        self.chain = (issuing, root)

    def file(self, shown: Issued, *chain: Issued) -> Path:
        key = shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self.folder / f"{shown.fingerprint}-{len(chain)}.pem"
        path.write_bytes(key + b"".join(one.pem for one in (shown, *chain)))
        return path
