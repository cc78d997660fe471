"""Browsers in the master's first registration, in PostgreSQL (R7.2); sealed as tickets are (infra/tickets.py)."""

import secrets
from datetime import datetime
from hashlib import sha256

import msgspec

from application.ports import MasterProfile, Proposal, Registrant, Row
from infra.postgres import Database, statement
from infra.tickets import one_row
from infra.vault import derive, seal, unseal


def registrant_id(cookie: str) -> str:
    return derive(cookie, "registrant id").hex()


class RegistrationBook:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, organization: str, credential: int, now: datetime) -> tuple[str, Row]:
        cookie = secrets.token_urlsafe(32)
        insert = "insert into registrations (id, organization, credential, opened_at) values (%s, %s, %s, %s)"
        return cookie, statement(insert, registrant_id(cookie), organization, credential, now)

    def find(self, cookie: str) -> Registrant | None:
        query = "select id, organization, credential, opened_at, user_id from registrations where id = %s"
        found = self._database.execute(query, registrant_id(cookie))
        return Registrant(**found[0]) if found else None

    def fill_in(self, cookie: str, profile: MasterProfile) -> Row:
        sealed = seal(cookie, "profile", msgspec.json.encode(profile))
        update = "update registrations set profile = %s where id = %s and user_id is null"
        return one_row(update, sealed, registrant_id(cookie))

    def proposal(self, cookie: str) -> Proposal | None:
        query = "select profile from registrations where id = %s and profile is not null"
        found = self._database.execute(query, registrant_id(cookie))
        opened = unseal(cookie, "profile", found[0]["profile"]) if found else None
        if opened is None:
            return None
        # A fresh nonce at every sealing makes it another tag, though the same be typed again.
        return Proposal(msgspec.json.decode(opened, type=MasterProfile), sha256(found[0]["profile"]).hexdigest())

    def registered(self, registrant: str, user_id: str) -> Row:
        update = "update registrations set user_id = %s, profile = null where id = %s and user_id is null"
        return one_row(update, user_id, registrant)

    def forget(self, registrant: str) -> Row:
        return one_row("delete from registrations where id = %s and user_id is null", registrant)

    def forget_profiles(self, opened_before: datetime) -> None:
        query = "update registrations set profile = null where opened_at <= %s and profile is not null"
        self._database.execute(query, opened_before)

    def forget_old(self, opened_before: datetime) -> None:
        self._database.execute("delete from registrations where opened_at <= %s", opened_before)
