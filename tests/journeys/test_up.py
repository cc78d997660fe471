"""`shomei up` and the Procfile's processes as they are (screens.md, "Command line" and "The demo"; notes, start)."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from infra.clock import now
from infra.cluster_home import cluster_home
from tests.support.command_line import url
from tests.support.database import Dsn
from tests.support.eventually import eventually, patiently
from tests.support.fleet import NO_MAIL_SERVER
from tests.support.guest import Guest, certificate_file
from tests.support.html import Page
from tests.support.processes import Place, new_place

needs_faketime = pytest.mark.skipif(not shutil.which("faketime"), reason="needs Debian's faketime")

USER = ("user", "add", "jiro0001", "--organization", "DEMO01", "--name", "見本 二郎", "--email", "jiro@example.com")


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


def fake_time(shift: str) -> dict[str, str]:
    """What `faketime` gives its command; it would itself stand between us and the exit status."""
    told = subprocess.run(["faketime", "-f", shift, "env"], check=True, capture_output=True, text=True).stdout
    variables = dict(line.partition("=")[::2] for line in told.splitlines())
    return {name: variables[name] for name in ("LD_PRELOAD", "FAKETIME")}


def part(place: Place, name: str) -> int:
    """The process ID of one of the parts of `up`."""
    for process in Path("/proc").glob("[0-9]*"):
        words = (process / "cmdline").read_bytes().split(b"\0") if (process / "cmdline").exists() else []
        if name.encode() in words and str(place.home / "up.lock").encode() in words:
            return int(process.name)
    raise LookupError(name)


def bank_page(place: Place, demo: Any) -> httpx2.Response:
    """The console's first page, as the demo's bank admin gets there with what `demo.json` says alone."""
    (bank,) = [account for account in demo["accounts"] if account["role"] == "bank_admin"]
    certificate = certificate_file(Path(bank["p12"]).read_bytes(), bank["password"], place.folder / "bank.pem")
    with Guest(place, Path(demo["server_root"]), "/login", certificate) as guest:
        guest.open()
        guest.send(user_id=bank["user_id"], password=bank["password"])
        return guest.get("/bank")


def lag(place: Place) -> set[int]:
    return {view["lag"] for view in place.json("projections", "status")["projections"]}


def test_a_newcomer_starts_everything_and_ctrl_c_leaves_nothing_behind(place: Place) -> None:
    with place.started("up") as up:
        up.until("ready: ")
        demo = place.demo()

        status, page = place.get("/", Path(demo["server_root"]))
        added = place.json(*USER)
        caught_up = eventually(lambda: lag(place) == {0})
        console = bank_page(place, demo)
        ended = up.ctrl_c()

    assert (status, "デモ環境" in page.decode()) == (200, True)
    assert f"Shomei: {demo['url']}" in up.lines
    assert [account["user_id"] for account in demo["accounts"] if account["password"] not in "\n".join(up.lines)] == []
    assert added["user_id"] == "jiro0001"
    assert caught_up
    assert (console.status_code, Page(console.text).h1) == (200, "本日の概況")
    assert ended == 0
    assert place.left_behind() == []


def test_after_up_alone_was_killed_the_next_start_finds_everything(place: Place) -> None:
    with place.started("up") as first:
        first.until("ready: ")
        before, added = place.demo(), place.json(*USER)
        second = place.run("up")
        first.kill()
    shutil.rmtree(place.temporary)  # it had no chance to do so itself
    place.temporary.mkdir()

    with place.started("up") as up:
        up.until("ready: ")
        after, taken = place.demo(), place.run(*USER)
        ended = up.terminate()

    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith("Error: `shomei up` is running already in ")
    assert added["password"]
    assert after == before
    assert "this user ID is taken" in taken.stderr
    assert ended == 0
    assert place.left_behind() == []


def test_a_part_that_dies_ends_everything(place: Place) -> None:
    place.environ["SHOMEI_DEMO"] = "off"
    with place.started("up") as up:
        up.until("ready: ")

        os.kill(part(place, "project"), signal.SIGKILL)
        ended = up.ended()

    assert ended == 137
    assert "projector has ended by itself (status 137): stopping the others" in up.lines
    assert not (place.home / "demo.json").exists()
    assert place.left_behind() == []


def test_a_database_server_that_is_killed_is_started_again(place: Place) -> None:
    place.environ |= {"SHOMEI_DEMO": "off", "SHOMEI_LOG_FORMAT": "json"}
    with place.started("up") as up:
        up.until("ready: ")
        code = place.json("organization", "add", "ACME01", "見本商事株式会社", "--email", "keiri@example.com")["code"]

        os.kill(
            int((cluster_home(place.home, None) / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL
        )
        up.until('{"event": "the embedded PostgreSQL had ended: started again"')
        patiently(lambda: place.get("/readyz", place.home / "development-tls" / "root.pem")[0] == 200)
        patiently(lambda: lag(place) == {0})
        ended = up.ctrl_c()

    assert (code, ended) == ("ACME01", 0)
    assert place.left_behind() == []


@needs_faketime
def test_forty_days_from_now_it_starts_answers_and_stops(place: Place) -> None:
    place.environ |= fake_time("+40d")
    with place.started("up") as up:
        up.until("ready: ")
        demo = place.demo()

        status, _ = place.get("/", Path(demo["server_root"]))
        ended = up.ctrl_c()

    (bank,) = [account for account in demo["accounts"] if account["role"] == "bank_admin"]
    found = pkcs12.load_pkcs12(Path(bank["p12"]).read_bytes(), bank["password"].encode())
    assert found.cert is not None
    assert (found.cert.certificate.not_valid_before_utc - now()).days == 39
    assert (status, ended) == (200, 0)
    assert place.left_behind() == []


@pytest.mark.parametrize(
    ("setting", "host", "remedy"),
    [
        ("SHOMEI_PORT", "localhost", "SHOMEI_HOST and SHOMEI_PORT to what is free"),
        ("SHOMEI_PRIVATE_PORT", "127.0.0.1", "SHOMEI_PRIVATE_PORT to what is free, or to 0 for none"),
    ],
)
def test_a_port_that_is_taken_stops_the_start_before_anything_is_made(
    place: Place, setting: str, host: str, remedy: str
) -> None:
    port = int(place.environ[setting])
    with socket.create_server(("127.0.0.1", port)):
        refused = place.run("up")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"Error: cannot listen on {host}, port {port} (Address already in use): set {remedy}\n"
    assert not (place.home / "postgres").exists()


def test_the_procfiles_processes_run_on_a_database_of_ones_own(place: Place, dsn: Dsn) -> None:
    place.environ |= {"DATABASE_URL": url(dsn.process), "SHOMEI_MIGRATION_URL": url(dsn.owner)}
    place.environ |= {"SHOMEI_WEB_WORKERS": "2", "SHOMEI_LOG_FORMAT": "json", "SHOMEI_SMTP_URL": NO_MAIL_SERVER}
    assert place.run("migrate").returncode == 0
    assert place.run("ca", "init").returncode == 0

    with place.started("serve") as web, place.started("project") as projector:
        patiently(place.answers)
        code = place.json("organization", "add", "ACME01", "見本商事株式会社", "--email", "keiri@example.com")["code"]
        caught_up = eventually(lambda: place.run("projections", "status").returncode == 0 and lag(place) == {0})
        worked = place.run("remind", "--once").returncode
        scraped = place.metrics()
        ended = web.terminate(), projector.terminate()

    assert (code, caught_up, worked, ended) == ("ACME01", True, 0, (0, 0))
    assert 'shomei_projection_lag{view="outbox"} 0.0' in scraped
    assert not (place.home / "postgres").exists()
    assert not (place.home / "demo.json").exists()
    assert place.left_behind() == []


def test_without_a_mail_server_the_worker_refuses_to_start_on_a_database_of_ones_own(place: Place, dsn: Dsn) -> None:
    place.environ |= {"DATABASE_URL": url(dsn.process)}

    refused = place.run("remind")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: there is no mail server to send by: set SHOMEI_SMTP_URL\n"


@pytest.mark.parametrize("command", ["serve", "up", "migrate"])
def test_a_database_that_is_away_is_said_in_one_sentence(place: Place, command: str) -> None:
    place.run("ca", "init")
    place.environ["DATABASE_URL"] = f"postgresql://shomei:geheim99@127.0.0.1:{place.port}/shomei"

    refused = place.run(command)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.fullmatch(r"Error: [^\n]*database[^\n]*\n", refused.stderr)
    assert "geheim99" not in refused.stderr
