"""docs/operations.md names only commands, settings and metrics that there are (style 29, 33)."""

import re
from pathlib import Path

import click

from infra import metrics
from infra.cli import main
from infra.settings import describe

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
