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
from domain.user_account import Role
from infra.private_file import reserve_private

COLUMNS = ["user_id", "name", "email", "organization", "role"]
ROLES: dict[str, Role] = {"general": "general", "master": "master"}


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
        bar = click.progressbar(rows, hidden=not show_progress, file=sys.stderr)
        with bar as shown:
            for number, row in enumerate(shown, 2):
                role = ROLES.get((row["role"] or "").strip())
                if None in row or None in row.values() or role is None:
                    refused.append((number, "role must be general or master" if role is None else "wrong columns"))
                    continue
                try:
                    password = accounts.register(
                        row["user_id"], role, row["organization"], row["name"], row["email"], COMMAND_LINE, clock()
                    )
                except DomainError as error:
                    refused.append((number, said(error)))
                    continue
                written.writerow([row["user_id"], password])
                out.flush()
                added += 1
        os.fsync(out.fileno())
    return Report(added, refused)


def read(file: Path) -> list[dict[str, str]]:
    """The whole file first: one that cannot be read leaves nothing behind."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            table = csv.DictReader(text)
            if table.fieldnames != COLUMNS:
                raise click.ClickException(f"the first line must be {','.join(COLUMNS)}")
            return list(table)
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"{file} is not a CSV file in UTF-8") from error
