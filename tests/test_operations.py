"""docs/operations.md names only commands, settings and metrics that there are, and its SQL works (style 29, 33)."""

import re
from pathlib import Path

import click
import psycopg

from infra import metrics
from infra.cli import main
from infra.settings import describe
from tests.support.database import Dsn
from tests.support.house import House

TEXT = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")


def commands_of(group: click.Group, before: str = "") -> set[str]:
    found = {f"{before}{name}" for name, command in group.commands.items() if not isinstance(command, click.Group)}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{before}{name}", *commands_of(command, f"{before}{name} ")}
    return found


def test_each_command_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:^|`)shomei ([a-z-]+(?: [a-z-]+)?)", TEXT, re.MULTILINE))

    assert len(named) > 10
    assert named - commands_of(main) == set()


def test_each_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"\b(?:SHOMEI_[A-Z_]+|DATABASE_URL)\b", TEXT))

    assert len(named) > 10
    assert named - {variable for variable, _, _ in describe()} == set()


def test_each_metric_that_is_named_exists() -> None:
    named = set(re.findall(r"`(shomei_[a-z_]+)", TEXT)) - {"shomei_process"}
    code = Path(str(metrics.__file__)).read_text(encoding="utf-8")

    assert len(named) >= 4
    assert {name for name in named if f'"{name.removesuffix("_total")}"' not in code} == set()


def test_what_is_said_to_be_void_after_a_restore_is_so(house: House, dsn: Dsn) -> None:
    """R10.7."""
    house.organization()
    house.user()
    house.user("jiro0001")
    package, passage = house.issue(), house.enter("jiro0001")
    session = house.log_in()
    (_, statements) = re.split(r"Void what people had open.*?```\n", TEXT, flags=re.DOTALL)

    with psycopg.connect(dsn.owner) as connection:
        connection.execute(statements.partition("```")[0].encode())

    ticket = house.tickets.find(package)
    assert (house.tickets.package(package), ticket and ticket.gone) == (None, True)
    assert house.tickets.find(passage) is None
    assert house.sessions.find(session) is None
