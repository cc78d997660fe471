"""`shomei token`: read-only access of programs to the JSON API (R9.4; screens.md, "Command line")."""

import json

import click

from domain.fact import COMMAND_LINE
from domain.policy import TOKEN_DAYS
from infra.clock import now
from infra.command import as_json, open_desk, show, tells_errors


@click.group()
def token() -> None:
    """API tokens of staff."""


@token.command("add")
@click.argument("user_id")
@click.option(
    "--days", type=click.IntRange(TOKEN_DAYS.start, TOKEN_DAYS.stop - 1), default=TOKEN_DAYS.stop - 1, show_default=True
)
@as_json
@tells_errors
def token_add(user_id: str, days: int, as_json: bool) -> None:
    """A new token of that staff account; prints it once, to be sent as `Authorization: Bearer`."""
    with open_desk() as desk:
        made, secret = desk.tokens.issue(user_id, days, COMMAND_LINE, now())
        shown = {"id": made.token_id, "user_id": made.user_id, "until": made.until.isoformat(), "token": secret}
        show(shown, json_wanted=as_json)


@token.command("list")
@as_json
@tells_errors
def token_list(as_json: bool) -> None:
    """The tokens that live."""
    with open_desk() as desk:
        found = desk.tokens.live(now())
    lines = [{"id": each.token_id, "user_id": each.user_id, "until": each.until.isoformat()} for each in found]
    if as_json:
        click.echo(json.dumps({"tokens": lines}))
        return
    for line in lines:
        click.echo(f"{line['id']}: {line['user_id']}, until {line['until']}")


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@as_json
@tells_errors
def token_revoke(token_id: str, as_json: bool) -> None:
    """End a token at once."""
    with open_desk() as desk:
        desk.tokens.revoke(token_id, COMMAND_LINE, now())
    show({"id": token_id, "revoked": True}, json_wanted=as_json)
