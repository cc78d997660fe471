"""`shomei projections`: how far the read models have come, folding one anew, and checking one (R10.3)."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import msgspec

from infra.bootstrap import House
from infra.clock import sleep
from infra.command import as_json, open_house, progress, show, tells_errors
from infra.views_as_of import straight_connection
from projections.comparison import Difference, NeverBegun, check
from projections.copies import CopyUnderWay
from projections.rebuild import InUse, rebuild
from projections.runner import Connection
from projections.views import View


@click.group()
def projections() -> None:
    """The read models."""


@projections.command("status")
@as_json
@tells_errors
def projections_status(as_json: bool) -> None:
    """How far each read model has come."""
    with open_house() as opened:
        found = opened.views.status(opened.store)
    lines = [{"name": view.name, "position": view.position, "lag": view.lag} for view in found]
    if as_json:
        click.echo(json.dumps({"projections": lines}))
        return
    for line in lines:
        click.echo(f"{line['name']}: position {line['position']}, {line['lag']} behind")


@projections.command("rebuild")
@click.argument("name")
@as_json
@tells_errors
def projections_rebuild(name: str, as_json: bool) -> None:
    """Fold one anew from the first fact on, and put it in the place of the live one, while everything goes on."""
    with open_house() as opened:
        view = _named(opened, name)
        with _connection(opened, name) as connection, progress(f"rebuilding {name}") as told:
            position = rebuild(connection, view, opened.store, sleep, told)
    show({"name": name, "position": position}, json_wanted=as_json)


@projections.command("check")
@click.argument("name")
@as_json
@tells_errors
def projections_check(name: str, as_json: bool) -> None:
    """Compare one, row by row, with a fresh replay; names the first difference, with exit status 1."""
    with open_house() as opened:
        view = _named(opened, name)
        with _connection(opened, name) as connection, progress(f"checking {name}") as told:
            found = check(connection, view, opened.store, told)
    if as_json:
        click.echo(json.dumps({"name": name, "equal": found.difference is None} | msgspec.to_builtins(found)))
        sys.exit(found.difference is not None)
    if found.difference is not None:
        raise click.ClickException(_told(name, found.difference))
    click.echo(f"{name}: {found.rows} rows, as a replay of {found.facts} facts gives them")


def _named(opened: House, name: str) -> View:
    views = {view.name: view for view in opened.views.all}
    if name not in views:
        raise click.ClickException(f"no read model {name}: there are {', '.join(views)}")
    return views[name]


@contextmanager
def _connection(opened: House, name: str) -> Iterator[Connection]:
    try:
        with straight_connection(opened.database.dsn, f"copy {name}") as connection:
            yield connection
    except CopyUnderWay as error:
        raise click.ClickException(
            f"{name} is being rebuilt or checked by another command: wait for its end"
        ) from error
    except InUse as error:
        raise click.ClickException(f"{name} is being read without a pause: nothing was changed, try again") from error
    except NeverBegun as error:
        raise click.ClickException(f"{name} was never made: start `shomei project`, or rebuild it") from error


def _told(name: str, found: Difference) -> str:
    where = f"{found.table}, {', '.join(f'{column} {value}' for column, value in found.key.items())}"
    what = f"column {found.column}: " if found.column else ""
    live, fresh = _value(found.live), _value(found.fresh)
    return f"{name} differs at {where}: {what}{live} stands there, a fresh replay gives {fresh}"


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
