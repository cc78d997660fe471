"""Passages from ④ to ⑧ in PostgreSQL (R5.2, R5.3, R4.8).

The cookie holds a secret; the row's id and the sealing key are derived from it, so the database alone opens nothing.
"""

import secrets
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from application.ports import Conflict, Row, Ticket
from domain.credentials import account_stream
from domain.errors import TicketMissing
from infra.postgres import Database, statement
from infra.vault import derive, seal, unseal

COLUMNS = "id, user_id, opened_at, number, sign_at, failure, issued_at, file_name, code, gone"


def ticket_id(cookie: str) -> str:
    return derive(cookie, "ticket id").hex()


def one_row(query: LiteralString, *parameters: object) -> Row:
    """As `statement`; where it finds no row, another button of the same page came first: Conflict."""

    def row(cursor: Any) -> None:
        if cursor.execute(query, parameters).rowcount == 0:
            raise Conflict("gone")

    return row


def deleted_with_code(cursor: Any, query: LiteralString, ticket: str) -> bool:
    """Whether there was one to delete. With it goes the code by mail that it waits for; a newer one is another's."""
    found = cursor.execute(query, [ticket]).fetchone()
    if found is not None and found["code"] is not None:
        owner = account_stream(found["user_id"])
        cursor.execute("delete from issuance_codes where owner = %s and number = %s", [owner, found["code"]])
    return found is not None


class TicketDrawer:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, user_id: str, password: str, now: datetime, code: int | None = None) -> tuple[str, Row]:
        cookie = secrets.token_urlsafe(32)
        sealed = seal(cookie, "password", password.encode())

        def row(cursor: Any) -> None:
            cursor.execute(
                "insert into tickets (id, user_id, opened_at, password, code) values (%s, %s, %s, %s, %s)",
                [ticket_id(cookie), user_id, now, sealed, code],
            )

        return cookie, row

    def find(self, cookie: str) -> Ticket | None:
        found = self._database.execute(f"select {COLUMNS} from tickets where id = %s", ticket_id(cookie))  # noqa: S608  (ours)
        return Ticket(**found[0]) if found else None

    def checked(self, ticket: str) -> Row:
        return one_row("update tickets set code = null where id = %s", ticket)

    def password(self, cookie: str) -> str | None:
        sealed = self._sealed("password", cookie)
        opened = unseal(cookie, "password", sealed) if sealed else None
        return opened.decode() if opened else None

    def package(self, cookie: str) -> bytes | None:
        sealed = self._sealed("package", cookie)
        return unseal(cookie, "package", sealed) if sealed else None

    def _sealed(self, column: str, cookie: str) -> bytes | None:
        query = f"select {column} as sealed from tickets where id = %s"  # noqa: S608  (one of two names of ours)
        found = self._database.execute(query, ticket_id(cookie))
        return found[0]["sealed"] if found else None

    def started(self, ticket: str, number: int, now: datetime) -> Row:
        return one_row(
            "update tickets set number = %s, started_at = %s, sign_at = %s, failure = null where id = %s",
            number,
            now,
            now,
            ticket,
        )

    def take_over(self, ticket: str, silent_since: datetime, now: datetime) -> bool:
        query = """update tickets set sign_at = %s
                   where id = %s and sign_at <= %s and failure is null and issued_at is null returning id"""
        return bool(self._database.execute(query, now, ticket, silent_since))

    def sign_of_life(self, ticket: str, now: datetime) -> None:
        self._database.execute("update tickets set sign_at = %s where id = %s", now, ticket)

    def failed(self, ticket: str, number: int, code: str) -> Row:
        query = "update tickets set failure = %s where id = %s and number = %s and issued_at is null"
        return statement(query, code, ticket, number)

    def sealed(self, cookie: str, p12: bytes, stream: UUID, file_name: str, now: datetime) -> Row:
        package = seal(cookie, "package", p12)
        query = """update tickets
                   set package = %s, stream = %s, file_name = %s, issued_at = %s, password = null, failure = null
                   where id = %s"""

        def row(cursor: Any) -> None:
            # Without the ticket nobody could fetch the p12: then no certificate either.
            if cursor.execute(query, [package, stream, file_name, now, ticket_id(cookie)]).rowcount == 0:
                raise TicketMissing

        return row

    def destroy_package(self, stream: UUID) -> Row:
        return statement("update tickets set package = null, gone = true where stream = %s", stream)

    def cancel(self, ticket: str) -> Row:
        def row(cursor: Any) -> None:
            query = """delete from tickets where id = %s and (number is null or failure is not null)
                       returning user_id, code"""
            if not deleted_with_code(cursor, query, ticket):
                raise Conflict("gone")

        return row

    def forget(self, ticket: str) -> Row:
        def row(cursor: Any) -> None:
            query = "delete from tickets where id = %s and issued_at is null returning user_id, code"
            deleted_with_code(cursor, query, ticket)
            if cursor.execute("select from tickets where id = %s", [ticket]).rowcount:
                raise Conflict("tickets")

        return row

    def forget_users(self, *user_ids: str) -> Row:
        def row(cursor: Any) -> None:
            known = [user_id.lower() for user_id in user_ids]
            cursor.execute("delete from tickets where lower(user_id) = any(%s) and issued_at is null", [known])
            owners = [account_stream(user_id) for user_id in user_ids]
            cursor.execute("delete from issuance_codes where owner = any(%s)", [owners])

        return row

    def overdue_packages(self, issued_before: datetime) -> list[UUID]:
        query = "select stream from tickets where package is not null and issued_at <= %s"
        return [found["stream"] for found in self._database.execute(query, issued_before)]

    def overdue_issues(self, started_before: datetime) -> list[tuple[str, str, int]]:
        query = """select id, user_id, number from tickets
                   where failure is null and issued_at is null and started_at <= %s"""
        found = self._database.execute(query, started_before)
        return [(ticket["id"], ticket["user_id"], ticket["number"]) for ticket in found]

    def forget_old(self, silent_since: datetime) -> None:
        # A ticket whose package is gone is kept a day longer, so that its browser is told so.
        query = """delete from tickets where package is null
                   and coalesce(issued_at + interval '1 day', sign_at, opened_at) <= %s"""
        self._database.execute(query, silent_since)
