"""The processes of the Procfile, and all of them in one terminal (`shomei up`)."""

import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from application.ports import Unavailable
from infra import (
    authority,
    demo,
    development_certificate,
    duties,
    foreman,
    generations,
    lifeline,
    log_key,
    pki_listener,
    private_listener,
    tls_server,
    worker,
)
from infra.applications import pki_application, private_application, web_application
from infra.authority import IssuingAuthority, passphrase_from
from infra.bootstrap import (
    Addresses,
    addresses,
    authority_home,
    house,
    issuing_desk,
    load_authority,
    pki,
)
from infra.clock import now
from infra.duties import Duty
from infra.letters import letters
from infra.mailer import mailer
from infra.migration import migrate
from infra.postgres_keeper import kept_running
from infra.readiness import tell_when_ready
from infra.settings import Settings
from projections.runner import Projector

log = structlog.get_logger(__name__)


def make_authority(settings: Settings, at: datetime) -> bool:
    """False where there is one already."""
    home, passphrase = authority_home(settings), passphrase_from(settings.authority_passphrase_file, create=True)
    made = authority.create(home, passphrase, at, settings.pki_url, settings.bank_name)
    if made:
        log_key.ensure(home, passphrase)
    return made


def renew_authority(settings: Settings, at: datetime) -> IssuingAuthority:
    """Raises Unavailable where the root's key is elsewhere."""
    passphrase = passphrase_from(settings.authority_passphrase_file, create=False)
    return generations.renew(authority_home(settings), passphrase, at, settings.pki_url)


def the_log_key(settings: Settings) -> Ed25519PrivateKey:
    """Made where an older authority has none. Raises Unavailable."""
    home, passphrase = authority_home(settings), passphrase_from(settings.authority_passphrase_file, create=False)
    if log_key.ensure(home, passphrase):
        log.info("log key made", public_key=str(home / log_key.PUBLIC_KEY))
    return log_key.load(home, passphrase)


def make_root_list(settings: Settings, at: datetime) -> None:
    """Raises Unavailable where the root's key is elsewhere."""
    passphrase = passphrase_from(settings.authority_passphrase_file, create=False)
    authority.publish_root_list(authority_home(settings), passphrase, at)


def serve(settings: Settings) -> None:
    """The web process: TLS of its own on host and port, or plain on the Unix socket that nginx stands before."""
    load_authority(settings)  # what fails at the start is said here, in one sentence, and not by each worker
    check_addresses(settings)
    with addresses(settings) as found:
        if settings.web_workers > 1:
            with house(settings, found.process):
                pass
            application = "infra.applications:worker_application"
            with private_port(settings, found), pki_port(settings, found):
                tls_server.run(application, workers=settings.web_workers, **listening(settings))
            return
        with (
            house(settings, found.process) as opened,
            issuing_desk(opened) as desk,
            pki(settings, opened.database, opened.store) as published,
            private_port(settings, found),
            pki_port(settings, found),
        ):
            tls_server.run(web_application(opened, desk, published), **listening(settings))


@contextmanager
def private_port(settings: Settings, found: Addresses) -> Iterator[None]:
    """Answers meanwhile: from the supervisor, where there are several web processes."""
    if settings.private_port == 0:
        yield
        return
    with private_application(settings, found.process) as app, private_listener.answering(app, settings.private_port):
        yield


@contextmanager
def pki_port(settings: Settings, found: Addresses) -> Iterator[None]:
    """Likewise."""
    with (
        pki_application(settings, found.process) as app,
        pki_listener.answering(app, settings.host, settings.pki_port),
    ):
        yield


def check_addresses(settings: Settings) -> None:
    """Before anything is opened or made: an address that is taken stops the start."""
    if not settings.socket:
        check_free(settings.host, settings.port, "SHOMEI_HOST and SHOMEI_PORT to what is free")
    if settings.private_port:
        remedy = "SHOMEI_PRIVATE_PORT to what is free, or to 0 for none"
        check_free(private_listener.LOOPBACK, settings.private_port, remedy)


def check_free(host: str, port: int, remedy: str) -> None:
    try:
        for listener in tls_server.listen_on(host, port):
            listener.close()
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise Unavailable(f"cannot listen on {host}, port {port} ({reason}): set {remedy}") from error


def listening(settings: Settings) -> dict[str, Any]:
    if settings.socket:
        return {"path": settings.socket}
    if not settings.is_loopback:
        log.warning("the web server's certificate is a development one, which no browser trusts", host=settings.host)
    certificate = development_certificate.ensure(settings.home, settings.host, now())
    trusted = generations.trusted(authority_home(settings))
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
    written, sent = letters(settings), mailer(settings)
    stopped = threading.Event()
    on_stop(stopped.set)
    with ExitStack() as opening:
        found = opening.enter_context(addresses(settings))
        opened = opening.enter_context(house(settings, found.process))
        has_authority = authority_home(settings).exists()  # or else the web processes' machine has it
        due = worker.duties(opened, written, sent, stopped, the_log_key(settings) if has_authority else None)
        if has_authority:
            published = opening.enter_context(pki(settings, opened.database, opened.store))
            due.append(Duty("OCSP signer and revocation lists", 60, lambda: published.renew(now())))
        if once:
            opened.views.settle(worker.KNOWN)
            duties.do_once(due)
        else:
            duties.run(due, stopped)


def on_stop(stop: Callable[[], None]) -> None:
    """Called from a thread of its own, once a signal asks for the end.

    Not from a signal's handler: that runs at the main thread's next step, and there is none while it waits for the
    others. A signal just before such a wait would be heard by nobody.
    """
    bell = foreman.Bell()

    def listen() -> None:
        while not bell.asked():
            select.select([bell], [], [])
        stop()

    threading.Thread(target=listen, name="stop", daemon=True).start()


def up(settings: Settings, say: Callable[[str], None]) -> int:
    """Everything on one machine. Returns the exit status once all has ended: 0 after a stop that was asked for."""
    line = settings.home.absolute() / "up.lock"
    with closing(foreman.Bell()) as bell, lifeline.held(line):
        check_addresses(settings)
        check_free(settings.host, settings.pki_port, "SHOMEI_PKI_PORT to what is free")
        with addresses(settings) as found, kept_running(found.cluster) if found.cluster else nullcontext():
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
