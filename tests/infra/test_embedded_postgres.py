"""The embedded PostgreSQL (architecture.md: Roles, Processes; measures.md Q5, Q13), on real servers of its own.

A test that starts a server takes some tenths of a second. Where it runs as root, pytest's tmp_path is closed to the
account that the server is handed to; so places are made beside it.
"""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from infra.embedded_postgres import Cluster, PostgresUnavailable, embedded
from tests.support.clusters import home, kept, kill_server, place

__all__ = ["home", "place"]


@pytest.fixture
def stranger(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's account that has nothing to do with it."""
    owner = home.stat()
    with subprocess.Popen(["sleep", "600"], user=owner.st_uid, group=owner.st_gid, cwd="/") as process:
        yield process
        process.kill()


def programs(directory: Path, version: str = "18.6", initdb: str = "exit 0") -> Path:
    """A bindir of shell scripts."""
    directory.mkdir(parents=True)
    for name, script in {"postgres": f"echo 'postgres (PostgreSQL) {version}'", "initdb": initdb}.items():
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)
    return directory


def test_both_roles_log_in_and_only_the_owner_is_a_superuser(home: Path) -> None:
    question = (
        "select current_user::text, rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user"
    )

    with (
        embedded(home) as cluster,
        psycopg.connect(cluster.owner_dsn) as owner,
        psycopg.connect(cluster.process_dsn) as process,
    ):
        answers = [db.execute(question).fetchone() for db in (owner, process)]

    assert answers == [("shomei", True, True, True), ("shomei_process", False, False, False)]


@pytest.mark.parametrize("act", ["create table mine (a int)", "create schema mine", "create role mine", "table kept"])
def test_the_process_role_may_do_nothing_of_itself(home: Path, act: str) -> None:
    with (
        embedded(home) as cluster,
        psycopg.connect(cluster.process_dsn) as db,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        db.execute(act.encode())


def test_the_server_stays_until_the_last_user_has_left(home: Path) -> None:
    first, second = Cluster(home), Cluster(home)
    of_first, of_second = first.join(), second.join()

    first.leave(of_first)

    assert kept(second) == [("kept@example.jp",)]
    second.leave(of_second)
    with pytest.raises(psycopg.OperationalError, match="failed"):
        psycopg.connect(second.owner_dsn)


def test_a_user_that_was_killed_does_not_keep_the_server(home: Path) -> None:
    cluster = Cluster(home)
    handle = cluster.join()
    program = (
        f"from pathlib import Path; from infra.embedded_postgres import Cluster; Cluster(Path({str(home)!r})).join()"
    )
    with subprocess.Popen([sys.executable, "-c", f"{program}; print(); input()"], stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()

    cluster.leave(handle)

    with pytest.raises(psycopg.OperationalError, match="failed"):
        psycopg.connect(cluster.owner_dsn)


def test_as_many_connections_are_taken_as_said_also_by_a_cluster_made_before(home: Path) -> None:
    with embedded(home, connections=123) as cluster, psycopg.connect(cluster.owner_dsn) as db:
        assert db.execute("show max_connections").fetchone() == ("123",)


def test_four_that_join_at_once_on_an_empty_place_share_one_cluster(place: Path) -> None:
    clusters = [Cluster(place / "pg") for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        handles = list(threads.map(Cluster.join, clusters))

    with psycopg.connect(clusters[3].process_dsn) as db:
        assert db.execute("select current_database()::text").fetchone() == ("shomei",)
    for cluster, handle in zip(clusters, handles, strict=True):
        cluster.leave(handle)


def test_stopping_serves_whoever_joins_next(home: Path) -> None:
    cluster = Cluster(home)
    handle = cluster.join()

    cluster.stop()

    with embedded(home) as next_one:
        assert kept(next_one) == [("kept@example.jp",)]
    cluster.leave(handle)


def test_nothing_is_lost_when_the_server_is_killed(home: Path) -> None:
    cluster = Cluster(home)
    handle = cluster.join()
    with psycopg.connect(cluster.owner_dsn) as db:
        db.execute("insert into kept values ('killed@example.jp')")
    kill_server(home)

    with embedded(home) as next_one, psycopg.connect(next_one.owner_dsn) as db:
        removed = db.execute("delete from kept where address = 'killed@example.jp' returning address").fetchall()

    assert removed == [("killed@example.jp",)]
    cluster.leave(handle)


def test_the_pid_of_a_killed_server_may_be_a_strangers_who_is_left_alone(
    home: Path, stranger: subprocess.Popen[bytes]
) -> None:
    for file in home / "data" / "postmaster.pid", home / ".s.PGSQL.5432.lock":
        file.write_text(f"{stranger.pid}\n{home / 'data'}\n1700000000\n5432\n{home}\n\n  1 1\nready\n")
    Cluster(home).stop()

    with embedded(home) as cluster:
        rows = kept(cluster)

    assert rows == [("kept@example.jp",)]
    assert stranger.poll() is None


def test_a_cut_off_initdb_leaves_nothing_in_the_way(place: Path) -> None:
    (place / "pg" / ".new-cutoff" / "base").mkdir(parents=True)
    (place / "pg" / ".new-cutoff" / "PG_VERSION").write_text("18\n")

    with embedded(place / "pg") as cluster, psycopg.connect(cluster.process_dsn) as db:
        answer = db.execute("select 1").fetchone()

    assert answer == (1,)
    assert not list((place / "pg").glob(".new-*"))


def test_the_environment_does_not_reach_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("PGDATA", "/nowhere")

    with embedded(home) as cluster:
        rows = kept(cluster)

    assert rows == [("kept@example.jp",)]


def test_the_servers_log_quotes_no_row_and_no_statement(home: Path) -> None:
    with (
        embedded(home) as cluster,
        psycopg.connect(cluster.owner_dsn) as db,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        db.execute("insert into kept values ('kept@example.jp')")

    log = (home / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "example.jp" not in log


def test_a_full_disk_is_said_in_one_sentence_and_leaves_nothing_behind(place: Path) -> None:
    initdb = "echo 'initdb: error: could not write to file: No space left on device'; exit 1"
    cluster = Cluster(place / "pg", programs(place / "bin", initdb=initdb))

    with pytest.raises(PostgresUnavailable) as refusal:
        cluster.join()

    assert str(refusal.value) == f"The disk of {place / 'pg'} is full: make room and start again, nothing is lost."
    assert not list((place / "pg").iterdir())


def test_without_a_postgresql_the_sentence_says_what_to_set(place: Path) -> None:
    cluster = Cluster(place / "pg", bindir=place / "empty")

    with pytest.raises(PostgresUnavailable, match=r"^PostgreSQL 15 or newer is not in .*empty: .*SHOMEI_PG_BINDIR"):
        cluster.join()


@pytest.mark.parametrize(("version", "sentence"), [("14.20", "15 or newer is not in"), ("15.0", "could not create")])
def test_postgresql_15_is_the_oldest_that_will_do(place: Path, version: str, sentence: str) -> None:
    cluster = Cluster(place / "pg", programs(place / "bin", version, initdb="exit 1"))

    with pytest.raises(PostgresUnavailable, match=sentence):
        cluster.join()


def test_data_of_another_version_is_left_alone(place: Path) -> None:
    (place / "pg" / "data").mkdir(parents=True)
    (place / "pg" / "data" / "PG_VERSION").write_text("17\n")
    cluster = Cluster(place / "pg", programs(place / "bin", "18.6"))

    with pytest.raises(PostgresUnavailable, match=r"^PostgreSQL 17, which made .*data, is not in"):
        cluster.join()

    assert [file.name for file in (place / "pg" / "data").iterdir()] == ["PG_VERSION"]


def test_a_directory_that_is_no_cluster_is_left_alone(place: Path) -> None:
    (place / "pg" / "data").mkdir(parents=True)
    (place / "pg" / "data" / "letter.txt").write_text("mine")
    cluster = Cluster(place / "pg")

    with pytest.raises(PostgresUnavailable, match="no cluster: move it away"):
        cluster.join()

    assert (place / "pg" / "data" / "letter.txt").read_text() == "mine"


def test_a_place_where_the_servers_account_may_not_write_is_said_in_one_sentence(place: Path) -> None:
    (place / "pg").mkdir(mode=0o500)

    with pytest.raises(PostgresUnavailable, match=r"^The account \S+ can't write to .*: set SHOMEI_HOME"):
        Cluster(place / "pg").join()


def test_programs_that_the_servers_account_cannot_reach_are_copied_for_it(place: Path) -> None:
    initdb = 'test -d "$2" && echo "initdb: error: ran from $0"; exit 1'
    bindir = programs(place / "closed" / "package" / "pginstall" / "bin", initdb=initdb)
    # The account's working directory is /, ours is not: so the test needs no root.
    refuse_the_account = 'case "$PWD $0" in "/ "*/closed/*) exit 1;; esac'
    (bindir / "postgres").write_text(f"#!/bin/sh\n{refuse_the_account}\necho 'postgres (PostgreSQL) 18.6'\n")

    with pytest.raises(PostgresUnavailable, match=r"ran from .*/pg/pgsql-18\.6/package/pginstall/bin/initdb\.$"):
        Cluster(place / "pg", bindir).join()
