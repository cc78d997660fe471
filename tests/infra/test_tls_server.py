"""The embedded web server's TLS (manual, step ②; R5.1; architecture 'TLS'), by real handshakes on loopback."""

import logging
import pickle
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.development_certificate import DevelopmentCertificate, ensure
from infra.tls_connection import MOST_UNFINISHED
from infra.tls_server import Tls, listen_at, listen_on, run
from tests.support.server import BackgroundServer, Browser, Issued, Wallet, answer, ask, echo, failing, get, stopping

NINE = datetime(2026, 11, 23, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def wallet(tmp_path_factory: pytest.TempPathFactory) -> Wallet:
    return Wallet(tmp_path_factory.mktemp("wallet"))


@pytest.fixture(scope="session")
def development(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentCertificate:
    return ensure(tmp_path_factory.mktemp("home"), "localhost", NINE)


@pytest.fixture(scope="session")
def tls(wallet: Wallet, development: DevelopmentCertificate) -> Tls:
    return Tls(development.certificate, development.key, wallet.authorities)


@pytest.fixture(scope="module", params=["uvloop with the authorities in memory", "asyncio with them in a file"])
def server(request: pytest.FixtureRequest, tls: Tls, wallet: Wallet) -> Iterator[BackgroundServer]:
    loop = request.param.split()[0]
    given = {"uvloop": tls, "asyncio": msgspec.structs.replace(tls, client_authorities=wallet.authorities_file)}
    with BackgroundServer(echo, given[loop], loop=loop) as running:
        yield running


@pytest.fixture
def browser(server: BackgroundServer, development: DevelopmentCertificate) -> Browser:
    return Browser(server, development.root)


def test_without_a_certificate_the_page_comes_and_nobody_is_shown(browser: Browser) -> None:
    answered = browser.get()

    assert answered["scheme"] == "https"
    assert answered["tls"]["client_cert_chain"] == []
    assert answered["tls"]["client_cert_name"] is None
    assert answered["shown"] is None


@pytest.mark.parametrize("name", ["valid", "expired", "not_yet_valid", "under_the_root"])
def test_a_certificate_of_ours_reaches_the_application_whatever_its_time(
    browser: Browser, wallet: Wallet, name: str
) -> None:
    ours: Issued = getattr(wallet, name)

    answered = browser.showing(wallet.file(ours)).get()

    assert answered["shown"] == ours.fingerprint
    assert answered["tls"]["client_cert_chain"] == [ours.pem.decode()]
    assert answered["tls"]["client_cert_name"] == "CN=taro01"
    assert answered["tls"]["client_cert_error"] is None


def test_a_browser_that_sends_its_chain_shows_the_same_certificate(browser: Browser, wallet: Wallet) -> None:
    answered = browser.showing(wallet.file(wallet.valid, *wallet.chain)).get()

    assert answered["shown"] == wallet.valid.fingerprint


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", ["foreign", "self_signed", "for_servers"])
def test_a_certificate_not_ours_or_not_for_clients_ends_its_own_handshake_and_no_other(
    browser: Browser, wallet: Wallet, name: str, version: ssl.TLSVersion
) -> None:
    neighbour = browser.connect()
    before = ask(neighbour)

    with pytest.raises(OSError, match=r"closed|reset|EOF"):
        browser.another().only(version).showing(wallet.file(getattr(wallet, name))).get()

    assert ask(neighbour) == before
    neighbour.close()


@pytest.mark.parametrize(
    ("version", "number", "suite"),
    [(ssl.TLSVersion.TLSv1_2, 0x0303, 0xC02C), (ssl.TLSVersion.TLSv1_3, 0x0304, 0x1302)],
)
def test_the_application_learns_version_and_suite_by_their_registered_numbers(
    browser: Browser, wallet: Wallet, version: ssl.TLSVersion, number: int, suite: int
) -> None:
    browser.context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")

    answered = browser.showing(wallet.file(wallet.valid)).only(version).get()

    assert (answered["tls"]["tls_version"], answered["tls"]["cipher_suite"]) == (number, suite)
    assert answered["shown"] == wallet.valid.fingerprint


def test_tls_1_1_is_refused(browser: Browser) -> None:
    browser.context.set_ciphers("ALL:@SECLEVEL=0")  # or OpenSSL does not even try it
    with pytest.deprecated_call():
        browser.only(ssl.TLSVersion.TLSv1_1)

    with pytest.raises(OSError, match=r"alert protocol version|reset|EOF"):
        browser.get()


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-CCM"])
def test_a_suite_with_cbc_or_outside_the_profile_is_refused(browser: Browser, cipher: str) -> None:
    browser.only(ssl.TLSVersion.TLSv1_2).context.set_ciphers(cipher)

    with pytest.raises(OSError, match=r"alert handshake failure|reset|EOF"):
        browser.get()


def test_only_modern_suites_are_offered_and_no_renegotiation_compression_or_tickets(tls: Tls) -> None:
    off = ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET

    context = tls()

    offered = [suite["name"] for suite in context.get_ciphers()]
    assert (context.options & off, context.num_tickets) == (off, 0)
    assert len(offered) == 9
    assert all(name.startswith(("TLS_", "ECDHE-")) for name in offered)
    assert all("GCM" in name or "POLY1305" in name for name in offered)


def test_a_session_of_tls_1_3_cannot_be_resumed(browser: Browser, wallet: Wallet) -> None:
    with browser.showing(wallet.file(wallet.valid)).only(ssl.TLSVersion.TLSv1_3).handshake() as connection:
        connection.sendall(get("/"))
        connection.recv(1)  # a ticket would come before the answer

        session = connection.session

    assert session is not None
    assert not session.has_ticket


def test_a_session_of_tls_1_2_resumed_by_its_id_brings_back_its_own_certificate(
    browser: Browser, wallet: Wallet
) -> None:
    browser.showing(wallet.file(wallet.valid)).only(ssl.TLSVersion.TLSv1_2)

    with browser.handshake() as first, browser.handshake(first.session) as second:
        second.sendall(get("/", "connection: close"))
        answered = b"".join(iter(lambda: second.recv(65536), b""))
        resumed = second.session_reused

    assert resumed
    assert wallet.valid.fingerprint.encode() in answered


def test_a_kept_connection_keeps_its_certificate(browser: Browser, wallet: Wallet) -> None:
    connection = browser.showing(wallet.file(wallet.valid)).connect()

    answered = [ask(connection)["shown"] for _ in range(3)]

    assert answered == [wallet.valid.fingerprint] * 3
    connection.close()


def test_connections_side_by_side_do_not_mix(browser: Browser, wallet: Wallet) -> None:
    taro = browser.showing(wallet.file(wallet.valid)).connect()
    hanako = browser.another().showing(wallet.file(wallet.other)).connect()
    nobody = browser.another().connect()

    for connection in (taro, nobody, hanako):
        connection.request("GET", "/")
    answered = [answer(connection)["shown"] for connection in (hanako, taro, nobody)]
    again = [ask(connection)["shown"] for connection in (nobody, taro, hanako)]

    assert answered == [wallet.other.fingerprint, wallet.valid.fingerprint, None]
    assert again == [None, wallet.valid.fingerprint, wallet.other.fingerprint]
    for connection in (taro, hanako, nobody):
        connection.close()


def test_two_requests_sent_in_one_go_are_both_answered_with_the_certificate(browser: Browser, wallet: Wallet) -> None:
    sent = get("/first") + get("/second", "connection: close")

    answered = browser.showing(wallet.file(wallet.valid)).exchange(sent)

    assert answered.count(b"HTTP/1.1 200") == 2
    assert answered.count(wallet.valid.fingerprint.encode()) == 2
    assert answered.index(b"/first") < answered.index(b"/second")


def test_the_answer_has_a_date_and_does_not_name_the_server(browser: Browser) -> None:
    head, _ = browser.exchange(get("/", "connection: close")).split(b"\r\n\r\n")

    assert b"date: " in head
    assert b"server: " not in head


def test_a_head_that_does_not_end_is_cut_off_above_64_kilobytes(browser: Browser) -> None:
    begun = get("/", "connection: close")[:-2]

    longest = browser.exchange(begun + b"x-long: ".ljust(MOST_UNFINISHED - len(begun), b"a"), b"\r\n\r\n")
    too_long = browser.exchange(begun + b"x-long: ".ljust(MOST_UNFINISHED - len(begun) + 1, b"a"))

    assert longest.startswith(b"HTTP/1.1 200")
    assert too_long.startswith(b"HTTP/1.1 400")


def test_a_body_longer_than_any_head_passes(browser: Browser) -> None:
    connection = browser.connect()

    connection.request("POST", "/", body=b"a" * 4 * MOST_UNFINISHED)

    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    "sent", [get("/"), b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\xff\xff" + b"\x00" * 2048, b"\x00" * 64, b""]
)
def test_what_is_no_handshake_or_stops_in_the_middle_harms_nobody(
    browser: Browser, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", browser.server.port)) as stranger:
        stranger.sendall(sent)
        while_it_waits = browser.get()
    afterwards = browser.get()

    assert (while_it_waits["path"], afterwards["path"]) == ("/", "/")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_without_tls_nothing_is_said_of_it() -> None:
    with BackgroundServer(echo) as plain, closing(HTTPConnection("127.0.0.1", plain.port)) as connection:
        answered = ask(connection)

    assert answered == {"path": "/", "scheme": "http", "tls": None, "shown": None}


def test_the_worker_processes_can_be_given_the_tls_settings(tls: Tls) -> None:
    assert pickle.loads(pickle.dumps(tls)) == tls  # noqa: S301  (our own bytes)


def test_a_stop_by_signal_lets_the_caller_go_on_and_removes_the_socket(tmp_path: Path) -> None:
    run(stopping, path=tmp_path / "web.sock")

    assert list(tmp_path.iterdir()) == []


def test_an_application_that_does_not_start_ends_the_process_with_three(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run(failing, path=tmp_path / "web.sock")

    assert ended.value.code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_server_in_a_thread_says_that_its_application_did_not_start() -> None:
    with pytest.raises(RuntimeError, match="did not start"), BackgroundServer(failing):
        pass


@pytest.mark.parametrize("where", [{}, {"port": 8443, "path": Path("web.sock")}, {"port": 8443, "workers": 2}])
def test_arguments_that_do_not_go_together_are_refused(where: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one of the two|import string"):
        run(echo, **where)


def test_a_port_in_use_and_an_address_of_another_machine_are_refused() -> None:
    (taken,) = listen_on("127.0.0.1", 0)

    with taken, pytest.raises(OSError, match="in use"):
        run(echo, host="127.0.0.1", port=taken.getsockname()[1])
    with pytest.raises(OSError, match="assign"):
        run(echo, host="192.0.2.1", port=0)


def test_a_unix_socket_left_by_a_killed_process_is_replaced_and_one_in_use_is_not(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    listen_at(path).close()

    with listen_at(path), pytest.raises(OSError, match="in use"):
        listen_at(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o660
