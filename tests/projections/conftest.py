"""A connection such as a projector has, and the log's two forms."""

from collections.abc import Iterator

import pytest

from projections.runner import Connection, connect
from tests.support.database import Dsn
from tests.support.log import MemoryLog


@pytest.fixture
def connection(dsn: Dsn) -> Iterator[Connection]:
    with connect(dsn.process, "test") as connection:
        yield connection


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()
