"""What follows from the settings when the parts are put together (architecture.md, Processes)."""

import pytest

from infra.bootstrap import connections
from infra.settings import Settings


@pytest.mark.parametrize(("workers", "most"), [("1", 100), ("2", 100), ("3", 112), ("64", 1088)])
def test_the_embedded_server_takes_all_connections_that_the_web_processes_may_open(workers: str, most: int) -> None:
    settings = Settings.read({"SHOMEI_WEB_WORKERS": workers}, None)

    assert connections(settings) == most
