"""The fixtures every test may ask for, and a skip that neither CI nor a long run accepts."""

import os
from collections.abc import Generator

import pytest

from tests.support import stress_table
from tests.support.database import cluster, database, dsn, owner, store
from tests.support.fleet import fleet
from tests.support.house import authority, house, packages, policy, second_house
from tests.support.signed_log import log
from tests.support.street import street

__all__ = [
    "authority",
    "cluster",
    "database",
    "dsn",
    "fleet",
    "house",
    "log",
    "owner",
    "packages",
    "policy",
    "second_house",
    "store",
    "street",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="tests/stress/ in full, into docs/stress.md (make stress)")


def pytest_configure(config: pytest.Config) -> None:
    stress_table.keep(long=config.getoption("--long"))


@pytest.fixture
def long(pytestconfig: pytest.Config) -> bool:
    """Whether a stress test takes its long form."""
    return bool(pytestconfig.getoption("--long"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and (os.environ.get("CI") == "true" or item.config.getoption("--long")):
        report.outcome = "failed"
        report.longrepr = f"skipped, which neither CI=true nor --long accepts: {report.longrepr}"
    return report
