"""Many users from a CSV file: `user_id,name,email,organization,role`, a row whole or not at all."""

import csv
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click

from application.accounts import Accounts
from domain.errors import DomainError
from domain.fact import COMMAND_LINE
from domain.user_account_facts import Role
from infra.private_file import reserve_private

COLUMNS = ["user_id", "name", "email", "organization", "role"]
ROLES: dict[str, Role] = {"general": "general", "master": "master"}
WRONG_ROLE = "role must be general or master"


class Report(NamedTuple):
    """`refused`: the row's number in the file, its head being row 1, and why."""

    added: int
    refused: list[tuple[int, str]]


def run(
    accounts: Accounts,
    file: Path,
    passwords: Path,
    clock: Callable[[], datetime],
    said: Callable[[DomainError], str],
    *,
    show_progress: bool,
) -> Report:
    """Generated passwords go to a new 0600 file, each written before the next row is begun."""
    rows = read(file)
    refused: list[tuple[int, str]] = []
    added = 0
    with os.fdopen(reserve_private(passwords), "w", encoding="utf-8", newline="") as out:
        written = csv.writer(out)
        written.writerow(["user_id", "password"])
        with click.progressbar(rows, hidden=not show_progress, file=sys.stderr) as shown:
            for number, row in shown:
                if len(row) != len(COLUMNS) or row[-1] not in ROLES:
                    refused.append((number, "wrong columns" if len(row) != len(COLUMNS) else WRONG_ROLE))
                    continue
                user_id, name, email, organization, role = row
                try:
                    password = accounts.register(user_id, ROLES[role], organization, name, email, COMMAND_LINE, clock())
                except DomainError as error:
                    refused.append((number, said(error)))
                    continue
                written.writerow([user_id, password])
                out.flush()
                added += 1
        os.fsync(out.fileno())
    return Report(added, refused)


def read(file: Path) -> list[tuple[int, list[str]]]:
    """The rows below the head, each with its number in the file; blank ones are left out, but count.

    The whole file first: one that cannot be read leaves nothing behind.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = [(number, row) for number, row in enumerate(csv.reader(text, strict=True), 1) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"{file} is not a CSV file in UTF-8: save it as one") from error
    if not rows or rows[0] != (1, COLUMNS):
        raise click.ClickException(f"the first line of {file} must be {','.join(COLUMNS)}")
    return rows[1:]
