"""The embedded web server: uvicorn, with TLS that asks for a client certificate and requires none (manual, step ②).

The application learns of the certificate by `scope["extensions"]["tls"]`, the ASGI TLS extension 0.2. Whether it is
live is asked of the store on every request, never here: expired, not yet valid and revoked certificates of ours reach
the page that explains them (R5.1). A foreign one ends the handshake.
"""

import errno
import os
import signal
import socket
import ssl
from multiprocessing import parent_process
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from infra.tls_connection import TlsHttpProtocol

# Mozilla's "intermediate" profile without its DHE suites, for which every server needs parameters of its own. All of
# them are AEAD with forward secrecy; TLS 1.3 brings its own three. The curves are OpenSSL's, X25519 and P-256 first:
# the ssl module can name only a single one.
CIPHERS = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for signature in ("ECDSA", "RSA")
)
NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME, which the ssl module does not name

KEEP_ALIVE = 75  # seconds: longer than nginx keeps an idle connection to us (60), so that nginx is the one to close it
SHUTDOWN = 3  # seconds for requests under way: `shomei up` kills 10 seconds after its SIGTERM
UNRESPONSIVE = 30  # seconds without a sign before a worker is replaced; 5, the default, kills busy ones


class Tls(msgspec.Struct, frozen=True):
    """`certificate` and `key` are PEM files of the server; `client_authorities` is a PEM file or its content.

    Files, not a context: it goes to the worker processes, and an SSLContext cannot.
    """

    certificate: Path
    key: Path
    client_authorities: bytes | Path

    def __call__(self, *_: object) -> ssl.SSLContext:
        return server_context(self.certificate, self.key, self.client_authorities)


def server_context(certificate: Path, key: Path, client_authorities: bytes | Path) -> ssl.SSLContext:
    """`client_authorities` holds the issuing authority beside the root: browsers may send their leaf alone.

    Raises OSError (ssl.SSLError among them) for files that cannot be read or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # No tickets: a resumed session brings its old certificate without proof of the key, and workers could not read
    # each other's tickets. What is left is TLS 1.2's resumption by ID: it stays in the memory of one process and brings
    # back exactly the certificate of its own first handshake.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= NO_CHECK_TIME
    if isinstance(client_authorities, Path):
        context.load_verify_locations(cafile=client_authorities)
    else:
        context.load_verify_locations(cadata=client_authorities.decode("ascii"))
    return context


class Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """As uvicorn's, but the signal is not raised again afterwards: `run` returns, and its caller can tidy up."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


class StopWithSupervisor(msgspec.Struct, frozen=True):
    """A worker whose supervisor was killed ends too; uvicorn's own would hold the port for ever."""

    supervisor: int

    async def __call__(self) -> None:
        if os.getppid() != self.supervisor:
            signal.raise_signal(signal.SIGTERM)


class Configuration(uvicorn.Config):
    def configure_logging(self) -> None:
        """What a worker does first of all. uvicorn ends it, once it has shut down, by the signal that it got; like
        this the interpreter ends in its usual way, and whatever the worker has opened is closed."""
        super().configure_logging()
        if parent_process() is not None:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, end)


def end(number: int, frame: FrameType | None) -> None:
    raise SystemExit


def configuration(
    app: ASGIApp | str, tls: Tls | None, *, workers: int = 1, log: dict[str, Any] | None = None
) -> uvicorn.Config:
    return Configuration(
        app,
        factory=isinstance(app, str),
        interface="asgi3",
        lifespan="on",
        http=TlsHttpProtocol,
        ws="none",
        ssl_context_factory=tls,
        workers=workers,
        log_config=log,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,  # who the client is, nobody may say in a header
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=SHUTDOWN,
        timeout_worker_healthcheck=UNRESPONSIVE,
        callback_notify=StopWithSupervisor(os.getpid()) if workers > 1 else None,
        timeout_notify=0,
    )


def run(
    app: ASGIApp | str,
    *,
    host: str = "localhost",
    port: int | None = None,
    path: Path | None = None,
    tls: Tls | None = None,
    workers: int = 1,
    log: dict[str, Any] | None = None,
) -> None:
    """Serves at `host` and `port`, or at the Unix socket `path`, until SIGTERM or SIGINT.

    `app` is an application, or "module:function" of what makes one; each of several workers makes its own. `log` is a
    `logging.config.dictConfig` for each process, None leaves logging alone. Raises OSError when the address is taken,
    ValueError for arguments that do not go together, SystemExit(3) when the application does not start.
    """
    if (port is None) == (path is None):
        raise ValueError("a port or the path of a Unix socket, one of the two")
    if workers > 1 and not isinstance(app, str):
        raise ValueError("several workers need the import string of an application factory")
    config = configuration(app, tls, workers=workers, log=log)
    listeners = [listen_at(path)] if path is not None else listen_on(host, port or 0)
    try:
        if workers == 1:
            Server(config).run(listeners)
        else:
            supervisor = Multiprocess(config, listeners)
            supervisor.run()
            if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
                raise SystemExit(STARTUP_FAILURE)
    finally:
        for listener in listeners:
            listener.close()
        if path is not None:
            path.unlink(missing_ok=True)


def listen_on(host: str, port: int) -> list[socket.socket]:
    """One listener for each address of the host, for `localhost` is two. A family this machine lacks is left out."""
    listeners: list[socket.socket] = []
    missing: OSError | None = None
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, address in dict.fromkeys((family, address[:2]) for family, _, _, _, address in found):
        try:
            listeners.append(socket.create_server(address, family=family))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                for listener in listeners:
                    listener.close()
                raise
            missing = error
    if missing is not None and not listeners:
        raise missing
    return listeners


def listen_at(path: Path) -> socket.socket:
    """A Unix socket of mode 0660; a socket that nobody listens on any more is replaced."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket() and not is_answered(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o660)  # nobody can connect before listen
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) != errno.ECONNREFUSED
