"""The command line (screens.md). Commands say what to do when they fail, and exit non-zero."""

import json
import sys
from pathlib import Path

import click

from domain.certificate import REASONS, Reason
from domain.errors import NothingToRelease
from domain.fact import COMMAND_LINE
from domain.policy import ID_LENGTH
from infra import core_dumps, lifeline, processes
from infra.bootstrap import addresses, load_authority
from infra.clock import now
from infra.command import as_json, open_desk, open_house, settings, show, tells_errors
from infra.people_commands import organization, staff, user
from infra.postgres import migrate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--lifeline", "line", type=click.Path(path_type=Path), hidden=True)  # for the parts of `up`
def main(line: Path | None) -> None:
    """Shomei: client certificates for a bank's corporate customers."""
    core_dumps.forbid()
    if line:
        lifeline.hang_on(line)


@main.command()
@tells_errors
def up() -> None:
    """Everything on one machine; Ctrl-C stops it."""
    sys.exit(processes.up(settings(), click.echo))


@main.command("migrate")
@tells_errors
def migrate_() -> None:
    """Prepare the database; safe to repeat."""
    with addresses(settings()) as found:
        migrate(found.owner, found.process)


@main.command()
@tells_errors
def serve() -> None:
    """The web process."""
    processes.serve(settings())


@main.command()
@tells_errors
def project() -> None:
    """The projector: keeps the read models."""
    processes.project(settings())


@main.command()
@click.option("--once", is_flag=True, help="One round, then end.")
@tells_errors
def remind(once: bool) -> None:
    """The worker: what is due by the clock."""
    processes.remind(settings(), once=once)


@main.group()
def ca() -> None:
    """The authority's keys and certificates."""


@ca.command("init")
@tells_errors
def ca_init() -> None:
    """Make root and issuing authority, once."""
    chosen = settings()
    if not processes.make_authority(chosen, now()):
        raise click.ClickException("there is an authority already: nothing was changed")
    click.echo(f"authority made in {chosen.home}; keep its root key away from this machine")


@ca.command("show")
@as_json
@tells_errors
def ca_show(as_json: bool) -> None:
    """The authority's certificates."""
    shown = load_authority(settings()).show()
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for name, lines in shown.items():
        click.echo(f"{name}\n" + "\n".join(f"  {field.replace('_', ' ')}: {value}" for field, value in lines.items()))


@main.command()
@click.argument("user_id")
@as_json
@tells_errors
def release(user_id: str, as_json: bool) -> None:
    """Release a lock or block, as the bank."""
    with open_desk() as desk:
        try:
            desk.accounts.release(user_id, COMMAND_LINE, now())
            released = True
        except NothingToRelease:
            released = False
    if not released and not as_json:
        click.echo(f"{user_id} is neither locked nor blocked: nothing was recorded")
        return
    show({"user_id": user_id, "released": released}, json_wanted=as_json)


@main.command()
@click.argument("target", metavar="SERIAL|USER_ID")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@as_json
@tells_errors
def revoke(target: str, reason: Reason, as_json: bool) -> None:
    """Revoke one certificate or all of a user's, as the bank."""
    with open_desk() as desk:
        if len(target) < ID_LENGTH.stop:  # a user ID has at most 12 characters, a serial some 40
            user_id, serials = target, desk.revocation.revoke_user(target, reason, COMMAND_LINE, now())
        else:
            user_id, serials = desk.revocation.revoke_serial(target, reason, COMMAND_LINE, now())
    show({"user_id": user_id, "serials": serials}, json_wanted=as_json)


@main.group()
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


for group in (staff, organization, user):
    main.add_command(group)

if __name__ == "__main__":
    main()
