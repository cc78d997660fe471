"""Whose organization an account is: a table of a view's own, where the facts it folds do not say."""

from collections.abc import Iterable, Sequence

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.fact import LogEntry
from domain.user_account_facts import UserRegistered
from projections.views import load, upsert

TABLE = """
create table if not exists {table} (
    account text collate "C" primary key,
    organization text collate "C"
);
"""


class Member(msgspec.Struct, frozen=True):
    """A row. `account` is the user ID in lower case."""

    account: str
    organization: str | None


class Members:
    def __init__(self, generation: str) -> None:
        self._table = sql.Identifier("views", f"{generation}_accounts")

    def table(self) -> sql.Composed:
        return sql.SQL(TABLE).format(table=self._table)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        members = {
            entry.fact.user_id.lower(): Member(entry.fact.user_id.lower(), entry.fact.organization)
            for entry in entries
            if isinstance(entry.fact, UserRegistered)
        }
        upsert(cursor, self._table, list(members.values()))

    def organizations(self, cursor: Cursor[DictRow], user_ids: Iterable[str]) -> dict[str, str | None]:
        """By the user ID in lower case; staff have none."""
        accounts = list({user_id.lower() for user_id in user_ids})
        return {
            member.account: member.organization for member in load(cursor, self._table, Member, "account", accounts)
        }
