"""Keeps the embedded PostgreSQL running under `shomei up`: one that was killed is started again."""

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from infra.embedded_postgres import Cluster, PostgresUnavailable

log = structlog.get_logger(__name__)

GLANCE = 1.0  # seconds between two looks
RETRY = 10.0  # seconds after a start that failed


@contextmanager
def kept_running(cluster: Cluster) -> Iterator[None]:
    """Meanwhile, for who has joined `cluster`. What fails is logged and tried again."""
    end, stop = os.pipe()
    keeper = threading.Thread(target=_keep, args=(cluster, end), name="postgres-keeper")
    keeper.start()
    try:
        yield
    finally:
        os.close(stop)
        keeper.join()
        os.close(end)


def _keep(cluster: Cluster, end: int) -> None:
    pause = GLANCE
    while not select.select([end], [], [], pause)[0]:  # no lock of threading, whose waits libfaketime spoils
        try:
            if cluster.revive():
                log.warning("the embedded PostgreSQL had ended: started again")
            pause = GLANCE
        except PostgresUnavailable as fault:
            log.error("the embedded PostgreSQL has ended", fault=str(fault))
            pause = RETRY
