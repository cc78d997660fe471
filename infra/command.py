"""What the commands share: how each is opened, how its result is shown, and how it fails."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click
from psycopg.errors import InsufficientPrivilege

from application.desk import Desk, IssuingDesk
from application.ports import Busy, Conflict, Unavailable
from domain.errors import DomainError, InvalidInput
from infra import logs
from infra.bootstrap import House, addresses, house, issuing_desk
from infra.postgres import migrate
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
        except (Unavailable, Busy, SettingsError) as error:
            raise click.ClickException(str(error)) from error
        except Conflict as error:
            raise click.ClickException("somebody else is changing the same thing: try again") from error
        except InsufficientPrivilege as error:
            raise click.ClickException(
                "the database's role may not do this: `migrate` needs the owner, in SHOMEI_MIGRATION_URL"
            ) from error
        except FileExistsError as error:
            raise click.ClickException(f"{error.filename} is there already, and nothing is overwritten") from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error

    return told


def settings() -> Settings:
    found = Settings.from_environment()
    logs.configure(found.log_level, found.log_format)
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
