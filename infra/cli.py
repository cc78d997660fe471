"""The command line (screens.md). Commands say what to do when they fail, and exit non-zero."""

import json
import sys
from pathlib import Path

import click

from domain.certificate import REASONS, Reason
from domain.fact import COMMAND_LINE
from domain.policy import ID_LENGTH
from infra import core_dumps, lifeline, processes, root_list
from infra.audit_commands import audit
from infra.authority import summary
from infra.bootstrap import addresses, authority_home, load_generations
from infra.clock import now
from infra.command import as_json, open_desk, release_and_show, settings, show, tells_errors
from infra.erase_command import erase
from infra.migration import migrate
from infra.people_commands import organization, user
from infra.projection_commands import projections
from infra.staff_commands import staff
from infra.token_commands import token


class Commands(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """All words of any command come by here; octets that are no text would fail in the midst of one."""
        try:
            " ".join(args).encode()
        except UnicodeEncodeError as error:
            raise click.UsageError("a word of the command line is not UTF-8") from error
        return super().parse_args(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    newest, *earlier = load_generations(settings())
    shown = newest.show() | {f"earlier_{len(earlier) - n}": summary(one.issuing) for n, one in enumerate(earlier)}
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for name, lines in shown.items():
        click.echo(
            f"{name.replace('_', ' ')}\n"
            + "\n".join(f"  {field.replace('_', ' ')}: {value}" for field, value in lines.items())
        )


@ca.command("renew")
@tells_errors
def ca_renew() -> None:
    """Make another issuing authority beside those there are, where the root's key is."""
    chosen = settings()
    renewed = processes.renew_authority(chosen, now())
    made = authority_home(chosen) / renewed.name
    click.echo(
        f"made: {made}.pem and {made}.key, good until {renewed.issuing.not_valid_after_utc:%Y-%m-%d}; "
        "each process takes them up when it starts: restart all"
    )


@ca.command("root-crl")
@tells_errors
def ca_root_crl() -> None:
    """Make the root's list of revoked certificates anew, where the root's key is."""
    chosen = settings()
    processes.make_root_list(chosen, now())
    click.echo(f"list made: {authority_home(chosen) / root_list.FILE}; it is good for {root_list.LIFE.days} days")


@main.command()
@click.argument("user_id")
@as_json
@tells_errors
def release(user_id: str, as_json: bool) -> None:
    """Release a lock or block, as the bank."""
    with open_desk() as desk:
        release_and_show(desk.accounts.release, "user_id", user_id, now(), json_wanted=as_json)


@main.command()
@click.argument("target", metavar="SERIAL|USER_ID")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@click.option("--requested-by", default="", help="Who asked the bank for it; kept in the vault.")
@click.option("--paper-number", default="", help="The number of the paper that asked for it.")
@as_json
@tells_errors
def revoke(target: str, reason: Reason, requested_by: str, paper_number: str, as_json: bool) -> None:
    """Revoke one certificate or all of a user's, as the bank; here one person is enough (R9.3)."""
    asked = {"requested_by": requested_by, "paper_number": paper_number}
    with open_desk() as desk:
        if len(target) < ID_LENGTH.stop:  # a user ID has at most 12 characters, a serial some 40
            user_id, serials = target, desk.revocation.revoke_user(target, reason, COMMAND_LINE, now(), **asked)
        else:
            user_id, serials = desk.revocation.revoke_serial(target, reason, COMMAND_LINE, now(), **asked)
    show({"user_id": user_id, "serials": serials}, json_wanted=as_json)


for group in (staff, organization, user, token, audit, erase, projections):
    main.add_command(group)

if __name__ == "__main__":
    main()
