"""The processes of the Procfile, and all of them in one terminal (`shomei up`)."""

import select
import signal
import ssl
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

from application.ports import Unavailable
from infra import authority, demo, development_certificate, foreman, lifeline, tls_server
from infra.authority import passphrase_from
from infra.bootstrap import (
    Addresses,
    addresses,
    authority_home,
    house,
    issuing_desk,
    load_authority,
    web_application,
)
from infra.clock import now
from infra.postgres import migrate
from infra.settings import Settings
from projections.runner import Projector

log = structlog.get_logger(__name__)

WORKER_PAUSE = 20  # seconds; the purge of R4.8 wants one a minute at least
RETRY_PAUSE = 2  # seconds, while the database is away
READY_PAUSE = 0.1  # seconds between two looks whether web answers


def make_authority(settings: Settings, at: datetime) -> bool:
    """False where there is one already."""
    passphrase = passphrase_from(settings.authority_passphrase_file, create=True)
    return authority.create(authority_home(settings), passphrase, at, settings.pki_url, settings.bank_name)


def serve(settings: Settings) -> None:
    """The web process: TLS of its own on host and port, or plain on the Unix socket that nginx stands before."""
    load_authority(settings)  # what fails at the start is said here, in one sentence, and not by each worker
    check_address(settings)
    with addresses(settings) as found:
        if settings.web_workers > 1:
            with house(settings, found.process):
                pass
            application = "infra.bootstrap:worker_application"
            tls_server.run(application, workers=settings.web_workers, **listening(settings))
            return
        with house(settings, found.process) as opened, issuing_desk(opened) as desk:
            tls_server.run(web_application(opened, desk), **listening(settings))


def check_address(settings: Settings) -> None:
    """Before anything is opened or made: an address that is taken stops the start."""
    if settings.socket:
        return
    try:
        for listener in tls_server.listen_on(settings.host, settings.port):
            listener.close()
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise Unavailable(
            f"cannot listen on {settings.host}, port {settings.port} ({reason}): "
            "set SHOMEI_HOST and SHOMEI_PORT to what is free"
        ) from error


def listening(settings: Settings) -> dict[str, Any]:
    if settings.socket:
        return {"path": settings.socket}
    certificate = development_certificate.ensure(settings.home, settings.host, now())
    chain = [authority_home(settings) / name for name in (authority.ISSUING_CERTIFICATE, authority.ROOT_CERTIFICATE)]
    trusted = b"".join(path.read_bytes() for path in chain)
    tls = tls_server.Tls(certificate.certificate, certificate.key, trusted)
    return {"host": settings.host, "port": settings.port, "tls": tls}


def project(settings: Settings) -> None:
    """The read models; one leader each, further projectors stand by."""
    with addresses(settings) as found, house(settings, found.process) as opened:
        projector = Projector(opened.views.all, opened.store, found.process)
        on_stop(projector.stop)
        projector.run()


def remind(settings: Settings, *, once: bool) -> None:
    """The worker: what is due by the clock. Any number may run."""
    stopped = threading.Event()
    on_stop(stopped.set)
    with addresses(settings) as found, house(settings, found.process) as opened:
        while True:
            try:
                opened.desk.delivery.purge(now())
                opened.desk.accounts.forget_sessions(now())
                opened.limits.forget_old()
                pause = WORKER_PAUSE
            except Unavailable as fault:
                if once:
                    raise
                log.warning("worker waits for the database", fault=str(fault))
                pause = RETRY_PAUSE
            if once or stopped.wait(pause):
                return


def on_stop(stop: Callable[[], None]) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def up(settings: Settings, say: Callable[[str], None]) -> int:
    """Everything on one machine. Returns the exit status once all has ended: 0 after a stop that was asked for."""
    bell = foreman.Bell()
    line = settings.home.absolute() / "up.lock"
    with lifeline.held(line):
        check_address(settings)
        with addresses(settings) as found:
            migrate(found.owner, found.process)
            make_authority(settings, now())
            if not bell.asked():
                with bell.put_off():
                    say(introduction(settings, found))
            if bell.asked():
                return 0
            threading.Thread(target=tell_when_ready, args=(settings, say), daemon=True).start()
            # -P: no module of the folder we happen to be in stands before ours.
            part = [sys.executable, "-P", "-m", "infra.cli", "--lifeline", str(line)]
            commands = {"web": "serve", "projector": "project", "reminder": "remind"}
            return foreman.run({name: [*part, command] for name, command in commands.items()}, bell, say)


def tell_when_ready(settings: Settings, say: Callable[[str], None]) -> None:
    """Says so at the first answer; in a thread of its own."""
    server_root = development_certificate.ensure(settings.home, settings.host, now()).root
    trusted = ssl.create_default_context(cafile=server_root)
    answered = bool(settings.socket)  # nginx answers there
    while not answered:
        connection = HTTPSConnection(settings.host.strip("[]"), settings.port, context=trusted)
        try:
            connection.request("GET", "/healthz")
            answered = connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            select.select([], [], [], READY_PAUSE)  # not time.sleep, which fails under libfaketime
        finally:
            connection.close()
    say(f"ready: {settings.public_url}")


def introduction(settings: Settings, found: Addresses) -> str:
    """What a newcomer needs: address, roots, and on a new demo database the accounts."""
    server_root = development_certificate.ensure(settings.home, settings.host, now()).root.absolute()
    root = authority_home(settings).absolute() / authority.ROOT_CERTIFICATE
    lines = [
        f"Shomei: {settings.public_url}",
        f"  trust in the browser (server): {server_root}",
        f"  the authority's root:          {root}",
    ]
    made = the_demo(settings, found, root, server_root) if settings.demo_allowed else None
    if made is not None:
        lines.append(f"  demo organization {made.organization}; accounts (also in {demo.path_in(settings.home)}):")
        lines += [f"    {a.role:<10} {a.user_id:<12} {a.password:<12} {a.p12 or ''}".rstrip() for a in made.accounts]
    return "\n".join([*lines, "  Ctrl-C stops everything; nothing is lost."])


def the_demo(settings: Settings, found: Addresses, root: Path, server_root: Path) -> demo.Demo | None:
    """Made only where the database is new, or an earlier start was cut off while making it."""
    url, begun = settings.public_url, settings.home / "demo.begun"
    made = demo.read_again(settings.home, url=url, root=root, server_root=server_root)
    if made is None:
        with house(settings, found.process) as opened:
            if opened.store.head() and not begun.exists():
                return None
            begun.touch(mode=0o600)
            with issuing_desk(opened) as desk:
                made = demo.make(settings.home, desk, url=url, root=root, server_root=server_root, now=now())
    begun.unlink(missing_ok=True)
    return made
