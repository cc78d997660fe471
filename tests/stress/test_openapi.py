"""The API's description is true: schemathesis, which believes it, finds nothing (R9.1; screens.md, Machine)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from domain.fact import COMMAND_LINE
from infra import private_listener
from infra.applications import private_application
from infra.settings import Settings
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.database import Dsn
from tests.support.fleet import free_port
from tests.support.house import House
from tests.support.stress_table import record
from web.api_queries import RESOURCES

HERE = Path(__file__).parents[2]
AUDITOR = "audit001"  # who may ask for everything
SEED = 9
SHORT, LONG = 20, 500  # examples for each operation


@pytest.fixture
def url(house: House, dsn: Dsn) -> Iterator[str]:
    """The private port's, with something in every list."""
    house.organization()
    house.user()
    house.staff(AUDITOR, role="auditor")
    house.issue()
    house.desk.revocation.revoke_user("taro0001", "lost", COMMAND_LINE, house.clock())
    house.fail(times=6)
    with connect(dsn.process, "test") as connection:
        for view in CurrentViews(house.database).all:
            catch_up(connection, view, house.store)
    port = free_port()
    opened = private_application(Settings(rate_tokens=0), dsn.process, house.clock)
    with opened as app, private_listener.answering(app, port):
        yield f"http://127.0.0.1:{port}"


def test_schemathesis_finds_nothing(house: House, url: str, tmp_path: Path, long: bool) -> None:
    _, secret = house.desk.tokens.issue(AUDITOR, 90, COMMAND_LINE, house.clock())
    examples = LONG if long else SHORT

    ended = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run", f"{url}/api/v1/openapi.json"),
            *("--header", f"Authorization: Bearer {secret}", "--seed", str(SEED), "--max-examples", str(examples)),
            *("--generation-database", "none", "--warnings", "off", "--no-color"),
        ],
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.stress.openapi_hooks", "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    record(
        "openapi",
        f"schemathesis, {examples} examples for each of {len(RESOURCES)} operations of the API's description",
        "nothing found",
        "make stress",
    )


def test_every_list_it_describes_has_rows_to_be_compared_with(house: House, url: str) -> None:
    """The control: over empty lists the description of a row would never be tried."""
    _, secret = house.desk.tokens.issue(AUDITOR, 90, COMMAND_LINE, house.clock())
    bearer = {"Authorization": f"Bearer {secret}"}

    counted = {one.path: len(httpx2.get(url + one.path, headers=bearer).json()["items"]) for one in RESOURCES}

    assert all(counted.values()), counted


def test_the_description_names_every_address_of_the_api_and_its_refusals(house: House, url: str) -> None:
    _, secret = house.desk.tokens.issue(AUDITOR, 90, COMMAND_LINE, house.clock())

    told = json.loads(httpx2.get(f"{url}/api/v1/openapi.json", headers={"Authorization": f"Bearer {secret}"}).text)

    assert set(told["paths"]) == {one.path for one in RESOURCES}
    for operations in told["paths"].values():
        assert {"200", "401", "403", "422", "429", "503"} <= set(operations["get"]["responses"])
