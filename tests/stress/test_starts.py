"""Many starts at once on nothing, and starts in trouble (measure Q13; notes, start; R10.8).

No start fails for another's sake, nothing is made twice, and trouble is told in one sentence with what to do.
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.embedded_postgres import Cluster, embedded
from infra.event_store import EventStore
from infra.postgres import Database
from tests.support.command_line import url
from tests.support.database import Dsn
from tests.support.eventually import patiently
from tests.support.fleet import NO_MAIL_SERVER, ROOT, Visitor, free_port
from tests.support.processes import Place, new_place
from tests.support.stress_table import record
from tests.support.supervisor import kill_server

COMMAND = "pytest tests/stress/test_starts.py --long"
NUMBERS = count(1)

# All is loaded before the word is given, so that the race is of what we do and not of who imports fastest.
AT_THE_WORD = "import sys; from infra.cli import main; print(flush=True); sys.stdin.readline(); "
COMMAND_ALONE = AT_THE_WORD + "main()"
BEHIND_MIGRATE = AT_THE_WORD + "main(['migrate'], standalone_mode=False); main()"

Words = tuple[str, ...]


def organization(code: str = "ACME01") -> Words:
    return "organization", "add", code, "見本商事株式会社", "--email", "keiri@example.com"


class Started:
    """A command of ours that waits for the word."""

    def __init__(self, place: Place, words: Words, program: str = COMMAND_ALONE, **settings: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", program, *words],
            env=environment(place) | settings,
            cwd=place.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def environment(place: Place) -> dict[str, str]:
    return place.environ | {"PYTHONPATH": str(ROOT)}


@contextmanager
def at_the_word(started: Sequence[Started]) -> Iterator[None]:
    """Gives it to all of them once each is waiting; ends what is still running afterwards."""
    try:
        for each in started:
            assert each.process.stdout is not None
            each.process.stdout.readline()
        for each in started:
            assert each.process.stdin is not None
            with suppress(BrokenPipeError):
                each.process.stdin.write("\n")
                each.process.stdin.flush()
        yield
    finally:
        for each in started:
            if each.process.poll() is None:
                each.process.terminate()
            each.process.communicate()


def ended(started: Sequence[Started]) -> list[tuple[int, str, str]]:
    """Exit status, output and complaint of each, in order."""
    found = []
    for each in started:
        output, complaint = each.process.communicate()
        found.append((each.process.returncode, output, complaint))
    return found


def at_once(place: Place, many: int, words: Words) -> list[tuple[int, str, str]]:
    started = [Started(place, words) for _ in range(many)]
    with at_the_word(started):
        return ended(started)


def run(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "infra.cli", *words]
    return subprocess.run(command, env=environment(place), cwd=place.folder, capture_output=True, text=True)


def refusal(place: Place, *words: str) -> str:
    """The one sentence; nothing else is said, and the status is 1."""
    refused = run(place, *words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.fullmatch(r"Error: [^\n]+\n", refused.stderr), refused.stderr
    return refused.stderr.removeprefix("Error: ").rstrip("\n")


def kinds(place: Place) -> Counter[str]:
    """The facts in the embedded database."""
    with embedded(place.home / "postgres") as cluster:
        database = Database(cluster.process_dsn)
        try:
            return Counter(type(entry.fact).__name__ for entry in EventStore(database).entries(0, 1000))
        finally:
            database.close()


def organizations(place: Place) -> int:
    return kinds(place)["OrganizationRegistered"]


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture
def rounds(long: bool) -> range:
    return range(20 if long else 1)


@pytest.fixture
def many(long: bool) -> int:
    """Processes at once."""
    return 8 if long else 4


@contextmanager
def empty_database(cluster: Cluster) -> Iterator[Dsn]:
    """Nobody has migrated it."""
    name = f"starts_{next(NUMBERS)}"
    with psycopg.connect(cluster.owner_dsn, autocommit=True) as owner:
        owner.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            yield Dsn(make_conninfo(cluster.owner_dsn, dbname=name), make_conninfo(cluster.process_dsn, dbname=name))
        finally:
            owner.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


# ---- at once


def test_all_that_migrate_an_empty_database_at_once_succeed(
    cluster: Cluster, place: Place, rounds: range, many: int
) -> None:
    for _ in rounds:
        with empty_database(cluster) as dsn:
            place.environ |= {"DATABASE_URL": url(dsn.process), "SHOMEI_MIGRATION_URL": url(dsn.owner)}

            assert at_once(place, many, ("migrate",)) == [(0, "", "")] * many
    record("Q13", "8 × `migrate` at once on an empty database", f"0 of {many * len(rounds)} failed", COMMAND)


def test_the_procfiles_processes_started_at_once_on_an_empty_database_all_serve(
    cluster: Cluster, place: Place, rounds: range, many: int
) -> None:
    assert run(place, "ca", "init").returncode == 0
    for _ in rounds:
        with empty_database(cluster) as dsn:
            place.environ |= {"DATABASE_URL": url(dsn.process), "SHOMEI_MIGRATION_URL": url(dsn.owner)}
            place.environ |= {"SHOMEI_PRIVATE_PORT": "0", "SHOMEI_SMTP_URL": NO_MAIL_SERVER}
            words = ["serve", "serve", "project", "remind"] * (many // 4)
            started = [part(place, word) for word in sorted(words, reverse=True)]
            with at_the_word(started):
                for web in started[: many // 2]:
                    patiently(lambda: is_ready(place, web))  # noqa: B023  (asked at once)
                assert all(map(is_running, started))
                for each in started:
                    each.process.terminate()

                assert [status for status, *_ in ended(started)] == [0] * many
    record(
        "Q13-parts",
        "4 web, 2 projectors, 2 reminders at once, each behind its own `migrate`, on an empty database",
        f"all served, 0 of {many * len(rounds)} failed",
        COMMAND,
    )


def is_running(started: Started) -> bool:
    return started.process.poll() is None


def part(place: Place, word: str) -> Started:
    port = free_port()
    started = Started(place, (word,), BEHIND_MIGRATE, SHOMEI_PORT=str(port))
    started.port = port
    return started


def is_ready(place: Place, web: Started) -> bool:
    root = place.home / "development-tls" / "root.pem"
    if not root.exists():
        return False
    with suppress(httpx2.TransportError), Visitor(f"https://localhost:{web.port}", root) as visitor:
        return visitor.get("/readyz").status_code == 200
    return False


def test_those_that_begin_with_an_empty_home_at_once_make_one_of_each(rounds: range, many: int) -> None:
    for _ in rounds:
        with new_place() as place:
            authorities = at_once(place, many, ("ca", "init"))
            registered = at_once(place, many, organization())

            assert sorted(status for status, *_ in authorities) == [0] + [1] * (many - 1)
            assert {said for status, _, said in authorities if status} == {
                "Error: there is an authority already: nothing was changed\n"
            }
            assert sorted(status for status, *_ in registered) == [0] + [1] * (many - 1)
            assert {said for status, _, said in registered if status} == {
                "Error: this organization code is taken, or was once: codes are never used again\n"
            }
            assert run(place, "ca", "show").returncode == 0
            assert organizations(place) == 1
            assert place.left_behind() == []
    record(
        "Q13-embedded",
        "8 × `ca init`, then 8 × `organization add` of one code, at once on an empty home",
        f"one authority, one cluster, one organization each time ({len(rounds)} times); the others said so",
        COMMAND,
    )


def test_of_several_ups_at_once_one_serves_and_makes_the_demo_and_the_others_say_so(rounds: range, many: int) -> None:
    for _ in rounds:
        with new_place() as place:
            started = [Started(place, ("up",)) for _ in range(many)]
            with at_the_word(started):
                patiently(place.answers)
                patiently(lambda: sum(is_running(each) for each in started) == 1)  # noqa: B023  (asked at once)
                next(filter(is_running, started)).process.terminate()
                outcomes = ended(started)

            sentence = f"Error: `shomei up` is running already in {place.home}: stop it or set SHOMEI_HOME\n"
            assert sorted(status for status, *_ in outcomes) == [0] + [1] * (many - 1)
            assert [said for status, _, said in outcomes if status] == [sentence] * (many - 1)
            found = kinds(place)
            assert (found["OrganizationRegistered"], found["UserRegistered"], found["CertificateIssued"]) == (1, 4, 2)
            assert place.left_behind() == []
    record("Q13-up", "8 × `up` at once on an empty home", f"one served, {len(rounds)} times; 7 said so", COMMAND)


# ---- in trouble


def test_after_the_embedded_server_was_killed_and_its_pid_given_to_another_the_next_start_finds_everything(
    place: Place,
) -> None:
    assert run(place, *organization("ACME01")).returncode == 0
    cluster = Cluster(place.home / "postgres")
    handle = cluster.join()
    kill_server(cluster.data)
    os.close(handle)  # as of a user who was killed too
    with subprocess.Popen(["sleep", "600"]) as stranger:
        pid_file = cluster.data / "postmaster.pid"
        pid_file.write_text(pid_file.read_text().replace(pid_file.read_text().split()[0], str(stranger.pid), 1))

        status = run(place, *organization("ACME02")).returncode
        left_alone = stranger.poll() is None
        stranger.kill()

    assert (status, left_alone) == (0, True)
    assert organizations(place) == 2


def test_a_start_that_was_killed_while_it_made_the_cluster_is_taken_up_by_the_next(place: Place) -> None:
    started = Started(place, ("migrate",))
    with at_the_word([started]):
        patiently(lambda: bool(list((place.home / "postgres").glob(".new-*/PG_VERSION"))))
        started.process.send_signal(signal.SIGKILL)
        started.process.wait()

        assert run(place, *organization()).returncode == 0

    assert organizations(place) == 1


@pytest.mark.parametrize("command", [("up",), organization()])
def test_a_half_made_cluster_of_somebody_else_is_left_alone_and_said(place: Place, command: Words) -> None:
    data = place.home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "base").mkdir()

    said = refusal(place, *command)

    assert said == f"{data} holds files but no PG_VERSION, so it is no cluster: move it away."
    assert [file.name for file in data.iterdir()] == ["base"]


class Disk:
    """A file system of its own on `place.home`."""

    def __init__(self, place: Place) -> None:
        self._home = place.home
        self._home.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "shomei-test", self._home], check=True)

    def resize(self, megabytes: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", self._home], check=True)

    def fill(self) -> Path:
        filler = self._home / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(2**12))
        return filler

    def close(self) -> None:
        subprocess.run(["umount", "-l", self._home], check=True)


def may_mount() -> bool:
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "shomei-test", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(probe, capture_output=True).returncode == 0


@pytest.fixture
def disk(place: Place) -> Iterator[Disk]:
    disk = Disk(place)
    yield disk
    disk.close()


needs_mount = pytest.mark.skipif(not may_mount(), reason="needs root, who may mount a small disk")


@needs_mount
def test_a_disk_too_small_for_the_cluster_is_said_and_with_room_the_start_goes_on(place: Place, disk: Disk) -> None:
    said = refusal(place, "up")
    disk.resize(400)

    assert said == f"The disk of {place.home / 'postgres'} is full: make room and start again, nothing is lost."
    assert run(place, *organization()).returncode == 0
    assert organizations(place) == 1


@needs_mount
def test_a_disk_that_became_full_is_said_and_nothing_is_lost(place: Place, disk: Disk) -> None:
    disk.resize(400)
    assert run(place, *organization("ACME01")).returncode == 0
    filler = disk.fill()

    said = refusal(place, "up")
    filler.unlink()

    assert said == f"The disk of {place.home / 'postgres'} is full: make room and start again, nothing is lost."
    assert run(place, *organization("ACME02")).returncode == 0
    assert organizations(place) == 2
