"""The demo: what a newcomer needs to try the main job at once (screens.md, "The demo").

Only on a new embedded database on a loopback address. Passwords are random and their owners' own; they stand in
`demo.json` (0600) and nowhere else.
"""

import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from application.desk import IssuingDesk
from domain.credentials import generate_password
from domain.errors import NothingToRevoke, OrganizationCodeTaken, UserIdTaken
from domain.fact import COMMAND_LINE
from domain.user_account_facts import STAFF, Role
from infra.private_file import write_whole

ORGANIZATION = "DEMO01"
PEOPLE: tuple[tuple[str, Role, str], ...] = (
    ("master01", "master", "見本 花子"),
    ("taro0001", "general", "見本 太郎"),
    ("bank0001", "bank_admin", "窓口 一郎"),
    ("audit001", "auditor", "監査 二郎"),
)


class Account(msgspec.Struct):
    user_id: str
    password: str
    role: Role
    p12: str | None


class Demo(msgspec.Struct):
    """`root` and `server_root` are paths of PEM files: the authority's root, and the embedded server's."""

    url: str
    root: str
    server_root: str
    organization: str
    accounts: list[Account]


def path_in(home: Path) -> Path:
    return home.absolute() / "demo.json"


def read(home: Path) -> Demo | None:
    """The demo made at an earlier start, or None."""
    path = path_in(home)
    return msgspec.json.decode(path.read_bytes(), type=Demo) if path.exists() else None


def read_again(home: Path, *, url: str, root: Path, server_root: Path) -> Demo | None:
    """The same at a later start, whose address may be another: the file says it, too."""
    if found := read(home):
        again = msgspec.structs.replace(
            found, url=url, root=str(root.absolute()), server_root=str(server_root.absolute())
        )
        if again != found:
            _write(home, again)
        return again
    return None


def make(home: Path, desk: IssuingDesk, *, url: str, root: Path, server_root: Path, now: datetime) -> Demo:
    """May be called again after a start that was cut off: what exists already is taken over with a new password."""
    with suppress(OrganizationCodeTaken):
        desk.organizations.register(ORGANIZATION, "見本商事株式会社", "keiri@demo.example", COMMAND_LINE, now)
    accounts = [_account(home, desk, user_id, role, name, now) for user_id, role, name in PEOPLE]
    demo = Demo(
        url=url,
        root=str(root.absolute()),
        server_root=str(server_root.absolute()),
        organization=ORGANIZATION,
        accounts=accounts,
    )
    _write(home, demo)
    return demo


def _write(home: Path, demo: Demo) -> None:
    write_whole(path_in(home), msgspec.json.format(msgspec.json.encode(demo), indent=2) + b"\n")


def _account(home: Path, desk: IssuingDesk, user_id: str, role: Role, name: str, now: datetime) -> Account:
    staff = role in STAFF
    organization = None if staff else ORGANIZATION
    email = f"{user_id}@demo.example"
    try:
        first = desk.accounts.register(user_id, role, organization, name, email, COMMAND_LINE, now)
    except UserIdTaken:
        first = desk.accounts.reset_password(user_id, COMMAND_LINE, now)
    password = generate_password(secrets.choice, avoid=user_id)
    desk.accounts.change_password(user_id, first, password, password)
    if not staff:
        return Account(user_id, password, role, None)
    desk.certification.abandon(user_id, COMMAND_LINE, now)
    with suppress(NothingToRevoke):
        desk.revocation.revoke_user(user_id, "requested", COMMAND_LINE, now)
    path = home.absolute() / f"{user_id}.p12"
    write_whole(path, desk.certification.issue_to_file(user_id, password, COMMAND_LINE, now))
    return Account(user_id, password, role, os.fspath(path))
