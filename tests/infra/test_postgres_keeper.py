"""The embedded PostgreSQL under `shomei up` (architecture.md, Processes): one that was killed is started again."""

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from infra import postgres_keeper
from infra.embedded_postgres import Cluster, embedded
from infra.postgres_keeper import kept_running
from tests.support.clusters import home, kept, kill_server
from tests.support.eventually import eventually

__all__ = ["home"]


@pytest.fixture(autouse=True)
def glances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_keeper, "GLANCE", 0.01)


def answers(cluster: Cluster) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(cluster.process_dsn):
        return True
    return False


def test_a_server_that_was_killed_is_started_again_for_those_who_have_joined(home: Path) -> None:
    with embedded(home) as cluster:
        untouched = cluster.revive()
        kill_server(home)

        with kept_running(cluster):
            answered = eventually(lambda: answers(cluster))

        assert (untouched, answered) == (False, True)
        assert kept(cluster) == [("kept@example.jp",)]


def test_a_server_that_does_not_start_is_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try finds no PostgreSQL."""
    monkeypatch.setattr(postgres_keeper, "RETRY", postgres_keeper.GLANCE)
    with embedded(home):
        kill_server(home)
        lame = Cluster(home, bindir=home / "empty")

        with capture_logs() as logged, kept_running(lame):
            told = eventually(lambda: len(logged) > 1)

        assert told
        assert {line["event"] for line in logged} == {"the embedded PostgreSQL has ended"}
