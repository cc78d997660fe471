"""`shomei audit history`: every fact, filtered as in the browser (R10.1; screens.md, "Command line")."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import chain

import click
import msgspec
from msgspec.structs import replace

from domain.fact import COMMAND_LINE
from infra.clock import now
from infra.command import as_json, open_house, tells_errors
from projections.answers import EventRow
from web.api_queries import EventsQuery, events, moment, recordable
from web.dates import typed_instant, utc
from web.query import converted
from web.views import Views

PAGE = 500  # facts asked for at a time


@click.command("history")
@click.option("--from", "since", metavar="TIME", help="ISO 8601; JST where no offset stands.")
@click.option("--to", "until", metavar="TIME", help="The first instant that is left out.")
@click.option("--as-of", "as_of", metavar="TIME", help="What had happened by then.")
@click.option("--kind", help="The fact's name, such as AccountLocked.")
@click.option("--actor", help="A user ID, command-line or worker.")
@click.option("--subject", help="A user ID, serial number, organization code or the like.")
@click.option("--newest-first", is_flag=True, help="Else the oldest come first.")
@as_json
@tells_errors
def history(
    since: str | None,
    until: str | None,
    as_of: str | None,
    kind: str | None,
    actor: str | None,
    subject: str | None,
    newest_first: bool,
    as_json: bool,
) -> None:
    """All facts, one a line: number, time in Japan, UTC, kind, actor, on whom, details."""
    given = {"from": since, "to": until, "as_of": as_of, "kind": kind, "actor": actor, "subject": subject}
    typed = {name: text for name, text in given.items() if text is not None}
    asked = converted(typed, EventsQuery)
    at = now()
    with open_house() as opened:
        found = pages(opened.views, replace(asked, sort="newest" if newest_first else "oldest", limit=PAGE), at)
        first = next(found)
        opened.desk.readings.read(
            COMMAND_LINE, "audit history", recordable(opened.views, asked), moment(as_of=asked.as_of), at
        )
        if as_json:
            click.echo('{"events": [', nl=False)
        between = ""
        for page in chain([first], found):
            for row in page:
                click.echo(f"{between}{msgspec.json.encode(row).decode()}" if as_json else line(row), nl=not as_json)
                between = ", "
        if as_json:
            click.echo("]}")


def pages(views: Views, asked: EventsQuery, at: datetime) -> Iterator[list[EventRow]]:
    """At least one, which may be empty."""
    after = None
    while True:
        page = events(views, asked, after, at)
        yield page.items
        after = page.next
        if after is None:
            return


def line(row: EventRow) -> str:
    is_right = row.intact is not False and row.details is not None
    told = json.dumps(row.details, ensure_ascii=False) if is_right else "GONE OR CHANGED"
    subjects = " ".join(row.subjects) or "-"
    return f"{row.position}  {typed_instant(row.at)}  {utc(row.at)}  {row.kind}  by {row.actor}  on {subjects}  {told}"
