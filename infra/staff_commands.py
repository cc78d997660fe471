"""`shomei staff`: what only the command line does for bank admins and auditors (R1.2; screens.md, "Command line").

It asks nobody for a second approval (R9.3): who runs it owns the machine.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from domain.fact import COMMAND_LINE
from domain.user_account_facts import Role
from infra.clock import now
from infra.command import as_json, open_desk, open_issuing_desk, otherwise, release_and_show, show, tells_errors
from infra.private_file import reserve_private


@click.group()
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
    with open_issuing_desk() as desk, new_file(p12) as write:
        password = desk.accounts.register(user_id, role, None, name, email, COMMAND_LINE, now())
        with otherwise(f"{user_id} is registered: go on with `shomei staff issue {user_id}`"):
            write(desk.certification.issue_to_file(user_id, password, COMMAND_LINE, now()))
            show({"user_id": user_id, "password": password, "p12": str(p12)}, json_wanted=as_json)


@staff.command("issue")
@click.argument("user_id")
@click.option("--p12", type=click.Path(path_type=Path), required=True, help="A new file for the certificate.")
@as_json
@tells_errors
def staff_issue(user_id: str, p12: Path, as_json: bool) -> None:
    """A certificate after revocation or expiry, and a new first password that opens it."""
    with open_issuing_desk() as desk, new_file(p12) as write:
        desk.certification.check_staff(user_id, now())
        password = desk.accounts.reset_password(user_id, COMMAND_LINE, now())
        with otherwise(f"the password of {user_id} is reset: start again, for a new one"):
            write(desk.certification.issue_to_file(user_id, password, COMMAND_LINE, now()))
            show({"user_id": user_id, "password": password, "p12": str(p12)}, json_wanted=as_json)


@staff.command("release")
@click.argument("user_id")
@as_json
@tells_errors
def staff_release(user_id: str, as_json: bool) -> None:
    """Release a lock or block."""
    with open_desk() as desk:
        desk.accounts.check_staff(user_id)
        release_and_show(desk.accounts.release, "user_id", user_id, now(), json_wanted=as_json)


@staff.command("reset")
@click.argument("user_id")
@as_json
@tells_errors
def staff_reset(user_id: str, as_json: bool) -> None:
    """A new first password, printed once; it also releases. The certificate goes on."""
    with open_desk() as desk:
        desk.accounts.check_staff(user_id)
        password = desk.accounts.reset_password(user_id, COMMAND_LINE, now())
        show({"user_id": user_id, "password": password}, json_wanted=as_json)


@staff.command("close")
@click.argument("user_id")
@as_json
@tells_errors
def staff_close(user_id: str, as_json: bool) -> None:
    """End the account for ever, with its certificates, log-ins and API tokens."""
    with open_desk() as desk:
        desk.accounts.check_staff(user_id)
        serials = desk.accounts.close(user_id, "deleted", COMMAND_LINE, now())
    show({"user_id": user_id, "serials": serials}, json_wanted=as_json)


@contextmanager
def new_file(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Opened before anything is issued, so that nothing is issued in vain; gone again if the command fails.

    What it gives writes all there is, as far as the disk.
    """
    file = reserve_private(path)

    def write(content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)

    try:
        yield write
    except BaseException:
        path.unlink()
        raise
    finally:
        os.close(file)
