"""Which tables hold something of a person, and which do not: all that an erasure deletes stands here (R10.6).

The facts go on: they name user IDs, serials and organizations, never a person. So do the read models, which are folded
from them.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import sql

from application.ports import Row
from domain.credentials import account_stream
from infra.postgres import Database

# In the order of every save (application/ports.Row). What a row of it is called where they are counted, and which go.
ERASED = {
    "sessions": ("log-ins", "lower(user_id) = lower(%(user_id)s)"),
    # With a password or a p12 in it, sealed; and those that only still say that it is gone.
    "tickets": ("tickets", "lower(user_id) = lower(%(user_id)s)"),
    "issuance_codes": ("codes by mail", "owner = %(account)s"),
    # Of a master: what was typed is gone from it since 登録. Who typed something and never registered has no user ID;
    # that is sealed under the browser's cookie, and goes within half an hour (application/registration.py).
    "registrations": ("registrations", "lower(user_id) = lower(%(user_id)s)"),
    # Of every version: name and address as they are and were, and who asked for a revocation.
    "vault_persons": ("names, addresses and requests", "subject = any(%(subjects)s)"),
    "vault_verifiers": ("passwords", "owner = %(account)s"),
}
# Why the others stay.
KEPT = {
    "stored_events": "the log: no name, address or secret (R2.3)",
    "certificate_index": "which stream a serial leads to",
    "revocation_lists": "published: serials, instants and reasons",
    "revocation_list_parts": "published: serials, instants and reasons",
    "api_tokens": "the hash of a random secret and a token's ID; whose it was, the log says by the user ID",
    "mail_claims": "which mail a worker is at; the worker cancels those of an erased person",
    "rate_key": "random",
    "rate_counters": "addresses under HMAC, for a minute (infra/rate_limits.py)",
    "rate_user_ids": "addresses and user IDs under HMAC, for an hour (infra/rate_limits.py)",
    "schema_marks": "which version prepared the database",
}


COUNTS = ", ".join(
    f'(select count(*) from {table} where {whose}) as "{what}"'  # noqa: S608  (ours)
    for table, (what, whose) in ERASED.items()
)
DELETE = [f"delete from {table} where {whose}" for table, (_, whose) in ERASED.items()]  # noqa: S608  (ours)


class PersonalRows:
    """Implements application.erasure.PersonalRows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, user_id: str, subjects: list[UUID]) -> Mapping[str, int]:
        with self._database.connection() as connection:
            return connection.execute(sql.SQL(f"select {COUNTS}"), _whose(user_id, subjects)).fetchall()[0]

    def forget(self, user_id: str, subjects: list[UUID]) -> Row:
        def row(cursor: Any) -> None:
            for delete in DELETE:
                cursor.execute(delete, _whose(user_id, subjects))

        return row


def _whose(user_id: str, subjects: list[UUID]) -> dict[str, object]:
    return {"user_id": user_id, "account": account_stream(user_id), "subjects": subjects}
