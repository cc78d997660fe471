"""The codes of the second check at issue, in PostgreSQL (R5.7).

In the clear, for the reminder worker puts them into mails; a code opens nothing without the browser whose password was
right, lives ten minutes, and five wrong ones end it.
"""

from datetime import datetime
from uuid import UUID

from application.ports import Row
from infra.postgres import Database, statement


class CodeDrawer:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, owner: UUID, number: int, code: str, until: datetime) -> Row:
        insert = """insert into issuance_codes (owner, number, code, until) values (%s, %s, %s, %s)
                    on conflict (owner) do update
                    set number = excluded.number, code = excluded.code, until = excluded.until"""
        return statement(insert, owner, number, code, until)

    def of(self, owner: UUID, number: int) -> str | None:
        query = "select code from issuance_codes where owner = %s and number = %s"
        found = self._database.execute(query, owner, number)
        return found[0]["code"] if found else None

    def forget(self, owner: UUID) -> Row:
        return statement("delete from issuance_codes where owner = %s", owner)

    def forget_old(self, now: datetime) -> None:
        # Without an end it is an earlier version's.
        self._database.execute("delete from issuance_codes where until is null or until <= %s", now)
