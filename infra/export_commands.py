"""`shomei audit export`: the history as one file for a verifier of one's own (R10.5; screens.md, "Command line")."""

from datetime import datetime
from pathlib import Path

import click

from domain.errors import InvalidInput
from domain.fact import COMMAND_LINE
from domain.reading import Form
from domain.validity import instant_from
from infra.clock import now
from infra.command import as_json, open_house, progress, show, tells_errors
from infra.export import Exports
from infra.private_file import new_private


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "since", metavar="TIME", help="ISO 8601, JST where no offset stands.")
@click.option("--to", "until", metavar="TIME", help="The first instant that is left out.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--head", type=click.IntRange(min=0), metavar="SIZE", help="Of an older signed head, to end there.")
@as_json
@tells_errors
def export(file: Path, since: str | None, until: str | None, form: Form, head: int | None, as_json: bool) -> None:
    """The facts into a new ZIP, with what proves them; it is recorded that they were taken."""
    asked = {"since": _instant("from", since), "until": _instant("to", until)}
    with open_house() as opened, new_private(file) as out:
        exports = Exports(opened.database.dsn, opened.desk.readings)
        made = exports.prepare(COMMAND_LINE, form, now(), **asked, head=head)
        with progress("exporting") as told:
            for chunk in exports.chunks(made, told):
                out.write(chunk)
    shown = {"first": made.first, "end": made.end, "head": made.head.size, "not_covered": made.not_covered}
    show({"file": str(file), **shown}, json_wanted=as_json)


def _instant(option: str, text: str | None) -> datetime | None:
    try:
        return instant_from(text) if text is not None else None
    except ValueError as error:
        raise InvalidInput(**{option: "malformed"}) from error
