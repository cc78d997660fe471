"""The command line (screens.md). Commands say what to do when they fail, and exit non-zero."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

from application.desk import Desk, IssuingDesk
from application.ports import Busy, Unavailable
from domain.certificate import REASONS, Reason
from domain.errors import DomainError, InvalidInput, NothingToRelease
from domain.fact import COMMAND_LINE
from domain.organization import Language, Profile, Switch
from domain.policy import ID_LENGTH
from domain.user_account import Role
from infra import logs, processes, user_import
from infra.bootstrap import House, addresses, house, issuing_desk, load_authority
from infra.clock import now
from infra.embedded_postgres import PostgresUnavailable
from infra.postgres import migrate
from infra.private_file import reserve_private
from infra.settings import Settings, SettingsError

# What a refusal means at the command line; a code without a line here is said as it is.
SENTENCES = {
    "user_id_taken": "this user ID is taken, or was once: IDs are never used again",
    "organization_code_taken": "this organization code is taken, or was once: codes are never used again",
    "master_exists": "the organization has a master user already: there is one each",
    "not_found": "no such {what}",
    "nothing_to_revoke": "nothing to revoke: no certificate that has not ended",
    "certificate_still_valid": "a certificate is still valid and not in its renewal window: revoke it first",
    "issuance_running": "an issue is under way: wait ten minutes, or for its end",
    "blocked": "the account is blocked: release it first",
    "locked": "the account is locked: release it first",
    "closed": "the account is closed",
}
FAULTS = {
    "missing": "is missing",
    "full_width": "must be half-width",
    "characters": "may hold half-width letters and digits only",
    "length": "must have 6 to 12 characters",
    "not_mixed": "must hold at least one letter and one digit",
    "malformed": "is not well-formed",
}

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on one line.")
Command = Callable[..., None]


def said(error: DomainError) -> str:
    if isinstance(error, InvalidInput):
        return "; ".join(f"{field} {FAULTS.get(fault, fault)}" for field, fault in error.faults.items())
    return SENTENCES.get(error.code, error.code).format(what=str(error))


def tells_errors(command: Command) -> Command:
    """Refusals and the world's faults become one sentence and exit status 1."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DomainError as error:
            raise click.ClickException(said(error)) from error
        except (Unavailable, Busy, PostgresUnavailable, SettingsError, OSError) as error:
            raise click.ClickException(str(error)) from error

    return told


def settings() -> Settings:
    found = Settings.from_environment()
    logs.configure(found.log_level)
    return found


@contextmanager
def open_house() -> Iterator[House]:
    chosen = settings()
    with addresses(chosen) as found:
        if chosen.is_embedded:
            migrate(found.owner, found.process)
        with house(chosen, found.process) as opened:
            yield opened


@contextmanager
def open_desk() -> Iterator[Desk]:
    with open_house() as opened:
        yield opened.desk


@contextmanager
def open_issuing_desk() -> Iterator[IssuingDesk]:
    with open_house() as opened, issuing_desk(opened) as desk:
        yield desk


def show(result: dict[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        click.echo(f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Shomei: client certificates for a bank's corporate customers."""


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


@main.group()
def staff() -> None:
    """Bank admins and auditors."""


@staff.command("add")
@click.argument("user_id")
@click.option("--role", type=click.Choice(["bank_admin", "auditor"]), required=True)
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--p12", type=click.Path(path_type=Path), required=True, help="A new file for the certificate.")
@as_json
@tells_errors
def staff_add(user_id: str, role: Role, name: str, email: str, p12: Path, as_json: bool) -> None:
    """A new member of staff, the first certificate, and the password that opens it."""
    with open_issuing_desk() as desk, new_file(p12) as file:
        password = desk.accounts.register(user_id, role, None, name, email, COMMAND_LINE, now())
        os.write(file, desk.certification.issue_to_file(user_id, password, COMMAND_LINE, now()))
    show({"user_id": user_id, "password": password, "p12": str(p12)}, json_wanted=as_json)


@staff.command("issue")
@click.argument("user_id")
@click.option("--p12", type=click.Path(path_type=Path), required=True, help="A new file for the certificate.")
@as_json
@tells_errors
def staff_issue(user_id: str, p12: Path, as_json: bool) -> None:
    """A certificate after revocation or expiry, and a new first password that opens it."""
    with open_issuing_desk() as desk, new_file(p12) as file:
        desk.certification.check_staff(user_id, now())
        password = desk.accounts.reset_password(user_id, COMMAND_LINE, now())
        os.write(file, desk.certification.issue_to_file(user_id, password, COMMAND_LINE, now()))
    show({"user_id": user_id, "password": password, "p12": str(p12)}, json_wanted=as_json)


@contextmanager
def new_file(path: Path) -> Iterator[int]:
    """Opened before anything is issued, so that nothing is issued in vain; gone again if the command fails."""
    file = reserve_private(path)
    try:
        yield file
        os.fsync(file)
    except BaseException:
        path.unlink()
        raise
    finally:
        os.close(file)


@main.group()
def organization() -> None:
    """Customers of the bank."""


p12_profile = click.option("--p12-profile", type=click.Choice(["modern", "legacy"]))
issuance_code = click.option("--issuance-code", type=click.Choice(["on", "off"]))
language = click.option("--language", type=click.Choice(["ja", "en"]))


@organization.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--email", required=True)
@p12_profile
@issuance_code
@language
@as_json
@tells_errors
def organization_add(
    code: str,
    name: str,
    email: str,
    p12_profile: Profile | None,
    issuance_code: Switch | None,
    language: Language | None,
    as_json: bool,
) -> None:
    """Register an organization; prints the initial password of its letter once."""
    with open_desk() as desk:
        password = desk.organizations.register(code, name, email, COMMAND_LINE, now())
        desk.organizations.set(
            code, COMMAND_LINE, now(), p12_profile=p12_profile, issuance_code=issuance_code, language=language
        )
    show({"code": code, "initial_password": password}, json_wanted=as_json)


@organization.command("set")
@click.argument("code")
@p12_profile
@issuance_code
@language
@as_json
@tells_errors
def organization_set(
    code: str,
    p12_profile: Profile | None,
    issuance_code: Switch | None,
    language: Language | None,
    as_json: bool,
) -> None:
    """Change an organization's settings; prints them as they then are."""
    with open_desk() as desk:
        found = desk.organizations.set(
            code, COMMAND_LINE, now(), p12_profile=p12_profile, issuance_code=issuance_code, language=language
        )
    show(
        {
            "code": found.code,
            "p12_profile": found.p12_profile,
            "issuance_code": found.issuance_code,
            "language": found.language,
        },
        json_wanted=as_json,
    )


@main.group()
def user() -> None:
    """Users of an organization."""


@user.command("add")
@click.argument("user_id")
@click.option("--organization", required=True, help="The organization's code.")
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--role", type=click.Choice(["general", "master"]), default="general", show_default=True)
@as_json
@tells_errors
def user_add(user_id: str, organization: str, name: str, email: str, role: Role, as_json: bool) -> None:
    """Register a user; prints the first password once."""
    with open_desk() as desk:
        password = desk.accounts.register(user_id, role, organization, name, email, COMMAND_LINE, now())
    show({"user_id": user_id, "password": password}, json_wanted=as_json)


@user.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--passwords", type=click.Path(path_type=Path), required=True, help="A new file for the passwords.")
@as_json
@tells_errors
def user_import_(file: Path, passwords: Path, as_json: bool) -> None:
    """Register many users from CSV; each row whole or not at all, with a report of the refused ones."""
    with open_desk() as desk:
        report = user_import.run(desk.accounts, file, passwords, now, said, show_progress=sys.stderr.isatty())
    refused = [f"row {row}: {why}" for row, why in report.refused]
    show({"added": report.added, "refused": refused}, json_wanted=as_json)
    if refused:
        sys.exit(1)


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


if __name__ == "__main__":
    main()
