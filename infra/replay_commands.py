"""`shomei audit replay`: an account, a certificate or a read model as it stood at a past moment (R10.2)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
import msgspec

from application.replay import check_past
from domain.errors import InvalidInput
from domain.fact import COMMAND_LINE
from domain.policy import ID_LENGTH
from domain.validity import instant_from
from infra.bootstrap import House
from infra.clock import now
from infra.command import as_json, open_house, progress, tells_errors
from infra.views_as_of import FoldedView, ViewsAsOf
from projections.copies import Table


@click.command()
@click.argument("target", metavar="USER_ID|SERIAL|VIEW")
@click.option("--as-of", "as_of", metavar="T", required=True, help="ISO 8601; JST where no offset stands.")
@as_json
@tells_errors
def replay(target: str, as_of: str, as_json: bool) -> None:
    """An account, a certificate, or all rows of a read model, as it stood at a past moment."""
    moment, at = _moment(as_of), now()
    with open_house() as opened:
        views = ViewsAsOf(opened.database.dsn, opened.store, opened.views.all)
        if target in views.names:
            check_past(moment, at)
            _record(opened, {"view": target}, moment, at)
            with progress(f"replaying {target}") as told, views.folded(target, moment, at, told) as found:
                _show_view(target, moment, found, json_wanted=as_json)
            return
        is_user = len(target) < ID_LENGTH.stop  # a serial has some 40 characters
        asked = opened.desk.replay.account if is_user else opened.desk.replay.certificate
        state = asked(target, moment, at)
        _record(opened, {"subject": target}, moment, at)
    if as_json:
        click.echo(msgspec.json.encode(state))
        return
    _show(msgspec.to_builtins(state))


def _moment(text: str) -> datetime:
    try:
        return instant_from(text)
    except ValueError:
        raise InvalidInput(as_of="malformed") from None


def _record(opened: House, asked: dict[str, str], moment: datetime, at: datetime) -> None:
    opened.desk.readings.read(COMMAND_LINE, "audit replay", asked, moment, at)


def _show(state: dict[str, Any]) -> None:
    certificates = state.pop("certificates", [])
    click.echo("\n".join(f"{name.replace('_', ' ')}: {_told(value)}" for name, value in state.items()))
    for certificate in certificates:
        end = f", until {certificate['last_day']}" if certificate["last_day"] else ""
        click.echo(f"certificate {certificate['serial']}: {certificate['state']}{end}")


def _show_view(view: str, moment: datetime, found: FoldedView, *, json_wanted: bool) -> None:
    """Row by row, as they come."""
    pieces = _json(view, moment, found) if json_wanted else _lines(view, found)
    for piece in pieces:
        click.echo(piece, nl=False)


def _lines(view: str, found: FoldedView) -> Iterator[str]:
    rows = 0
    for table in found.tables:
        for row in found.rows(table):
            rows += 1
            told = (f"{name}={_told(value)}" for name, value in msgspec.to_builtins(row).items())
            yield f"{_name(view, table)} {' '.join(told)}\n"
    yield f"{rows} rows, of {found.facts} facts\n"


def _json(view: str, moment: datetime, found: FoldedView) -> Iterator[str]:
    """One object on one line, of which no more than a row is in memory."""
    head = {"view": view, "as_of": moment, "facts": found.facts}
    yield msgspec.json.encode(head).decode().removesuffix("}") + ',"tables":{'
    for number, table in enumerate(found.tables):
        yield f'{"," * bool(number)}"{_name(view, table)}":['
        for place, row in enumerate(found.rows(table)):
            yield "," * bool(place) + msgspec.json.encode(row).decode()
        yield "]"
    yield "}}\n"


def _name(view: str, table: Table) -> str:
    return table.part or view


def _told(value: object) -> object:
    return "-" if value is None else value
