"""What the commands share: how each is opened, how its result is shown, and how it fails."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any

import click
from psycopg.errors import InsufficientPrivilege

from application.desk import Desk, IssuingDesk
from application.ports import Busy, Conflict, ProfileViolation, Unavailable, Unreadable
from domain.errors import DomainError, InvalidInput, NothingToRelease
from domain.fact import COMMAND_LINE
from infra import logs
from infra.bootstrap import House, addresses, house, issuing_desk
from infra.migration import migrate
from infra.settings import Settings, SettingsError
from projections.views import Told

# What a refusal means at the command line; a code without a line here is said as it is.
SENTENCES = {
    "user_id_taken": "this user ID is taken, or was once: IDs are never used again",
    "organization_code_taken": "this organization code is taken, or was once: codes are never used again",
    "master_exists": "the organization has a master user already: there is one each",
    "too_many_users": "the organization has all the general users it may have: {what}",
    "not_found": "no such {what}",
    "nothing_to_revoke": "nothing to revoke: no certificate that has not ended",
    "certificate_still_valid": "a certificate is still valid and not in its renewal window: revoke it first",
    "issuance_running": "an issue is under way: wait ten minutes, or for its end",
    "blocked": "the account is blocked: release it first",
    "locked": "the account is locked: release it first",
    "suspended": "the account is suspended",
    "closed": "the account is closed",
    "already_closed": "{what} is closed",
    "not_there_yet": "it did not exist yet at that moment, only {what}",
    "not_closed": "the account of {what} is open: close it first, then erase the person",
}
FAULTS = {
    "missing": "is missing",
    "full_width": "must be half-width",
    "characters": "may hold half-width letters and digits only",
    "length": "must have 6 to 12 characters",
    "not_mixed": "must hold at least one letter and one digit",
    "malformed": "is not well-formed",
    "future": "lies in the future: the log knows only what has happened",
}

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on one line.")
Command = Callable[..., None]


def said(error: DomainError) -> str:
    if isinstance(error, InvalidInput):
        return "; ".join(f"{field} {FAULTS.get(fault, fault)}" for field, fault in error.faults.items())
    return SENTENCES.get(error.code, error.code).format(what=str(error))


def sentence(error: Exception) -> str:
    match error:
        case DomainError():
            return said(error)
        case ProfileViolation():
            return f"this certificate may not be signed: it breaks the profile's rules ({error})"
        case Conflict():
            return "somebody else is changing the same thing: try again"
        case Unreadable():
            return f"{error}: `shomei audit verify` tells whether it is as it was recorded"
        case InsufficientPrivilege():
            return "the database's role may not do this: `migrate` needs the owner, in SHOMEI_MIGRATION_URL"
        case FileExistsError():
            return f"{error.filename} is there already, and nothing is overwritten"
        case OSError():
            return f"{error.filename}: " * bool(error.filename) + f"{error.strerror or error}"
        case _:
            return str(error)


TOLD = (
    *(DomainError, ProfileViolation, Conflict, Unavailable, Unreadable, Busy),
    *(SettingsError, InsufficientPrivilege, OSError),
)


def tells_errors(command: Command) -> Command:
    """Refusals and the world's faults become one sentence, with what to do next, and exit status 1."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except TOLD as error:
            raise click.ClickException("; ".join([sentence(error), *getattr(error, "__notes__", [])])) from error

    return told


@contextmanager
def otherwise(what_to_do: str) -> Iterator[None]:
    """Said with whatever fails inside, for something has been done by then."""
    try:
        yield
    except BaseException as error:
        error.add_note(what_to_do)
        raise


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


def release_and_show(
    release: Callable[[str, str, datetime], None], name: str, value: str, at: datetime, *, json_wanted: bool
) -> None:
    """What is neither locked nor blocked is no error: what was wanted holds (R3.6). `name` says what `value` is."""
    try:
        release(value, COMMAND_LINE, at)
        released = True
    except NothingToRelease:
        released = False
    if not released and not json_wanted:
        click.echo(f"{value} is neither locked nor blocked: nothing was recorded")
        return
    show({name: value, "released": released}, json_wanted=json_wanted)


@contextmanager
def progress(label: str) -> Iterator[Told]:
    """A bar where somebody looks on, on standard error, so that results can be kept."""
    with click.progressbar(length=1, label=label, hidden=not sys.stderr.isatty(), file=sys.stderr) as bar:

        def told(place: int, last: int) -> None:
            bar.length = last
            bar.update(place - bar.pos)

        yield told


def show(result: dict[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        click.echo(f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
