"""`shomei erase`: a person's data deleted from the vault (R10.6; screens.md, "Command line")."""

import click

from domain.fact import COMMAND_LINE
from infra.clock import now
from infra.command import as_json, open_desk, show, tells_errors


@click.command()
@click.argument("user_id")
@click.option("--confirm", "confirmed", metavar="USER_ID", help="The user ID once more, instead of being asked for it.")
@as_json
@tells_errors
def erase(user_id: str, confirmed: str | None, as_json: bool) -> None:
    """Delete for ever what is kept of a person whose account is closed; asks for the user ID once more.

    The log keeps the user ID, and what was done under it.
    """
    with open_desk() as desk:
        left = {what: number for what, number in desk.erasure.left(user_id, now()).items() if number}
        if left and confirmed is None:
            click.echo(f"will be deleted for ever: {', '.join(f'{what}: {n}' for what, n in left.items())}", err=True)
            confirmed = click.prompt("The user ID once more", default="", show_default=False, err=True)
        if left and confirmed != user_id:
            raise click.ClickException("that is another user ID: nothing was deleted")
        erased = desk.erasure.erase(user_id, COMMAND_LINE, now())
    if not erased and not as_json:
        click.echo(f"{user_id} was erased before: nothing is left to delete")
        return
    show({"user_id": user_id, "erased": erased, "rows": sum(left.values())}, json_wanted=as_json)
