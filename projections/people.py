"""Organizations and their users, as the bank asks for them (R9.1). Names of persons are in the vault, not here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.credentials import organization_stream
from domain.fact import LogEntry
from domain.organization import (
    Language,
    MasterRegistered,
    OrganizationRegistered,
    OrganizationSettingChanged,
    Profile,
    Switch,
)
from domain.user_account_facts import AccountClosed, Role, UserRegistered
from projections.answers import PAGE, OrganizationPage, OrganizationRow, UserPage, UserRow
from projections.views import load, upsert

# Codes and user IDs are unique without regard to case (R2.2, R7.1), so their lower case is the order of the lists.
TABLES = """
create table if not exists {organizations} (
    stream uuid primary key,
    code text collate "C" not null,
    name text not null,
    contact int not null,
    p12_profile text not null,
    issuance_code text not null,
    language text not null,
    master text collate "C",
    general_users int not null,
    registered_at timestamptz not null
);
create unique index if not exists {by_code} on {organizations} (lower(code));
create table if not exists {users} (
    stream uuid primary key,
    user_id text collate "C" not null,
    organization text collate "C",
    role text not null,
    person int not null,
    registered_at timestamptz not null,
    closed_at timestamptz
);
create unique index if not exists {by_user} on {users} (lower(user_id));
create index if not exists {by_organization} on {users} (lower(organization), lower(user_id));
"""
INDEXES = ("by_code", "by_user", "by_organization")

ORGANIZATIONS = """
select code, name, p12_profile, issuance_code, language, master, general_users, registered_at
from {organizations} where {conditions} order by lower(code) limit %(limit)s + 1
"""
USERS = """
select user_id, organization, role, registered_at, closed_at
from {users} where {conditions} order by lower(user_id) limit %(limit)s + 1
"""
NAMES = "select code, name from {organizations} where stream = any(%s)"


class Customer(msgspec.Struct, kw_only=True):
    """A row of the organizations. `contact` is a version in the vault; `general_users` counts those not closed."""

    stream: UUID
    code: str
    name: str
    contact: int
    p12_profile: Profile = "modern"
    issuance_code: Switch = "off"
    language: Language = "ja"
    master: str | None = None
    general_users: int = 0
    registered_at: datetime


class User(msgspec.Struct, kw_only=True):
    """A row of the users. `person` is a version in the vault."""

    stream: UUID
    user_id: str
    organization: str | None
    role: Role
    person: int
    registered_at: datetime
    closed_at: datetime | None = None


class People:
    """A View. Another `generation` is a copy beside the live one, such as a check folds from zero (R10.3)."""

    name = "people"

    def __init__(self, generation: str = "people_1") -> None:
        self.generation = generation
        self._organizations = sql.Identifier("views", f"{generation}_organizations")
        self._users = sql.Identifier("views", f"{generation}_users")

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
        return sql.SQL(TABLES).format(organizations=self._organizations, users=self._users, **indexes)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        kinds = (OrganizationRegistered, OrganizationSettingChanged, MasterRegistered, UserRegistered, AccountClosed)
        entries = [entry for entry in entries if isinstance(entry.fact, kinds)]
        streams = {entry.stream for entry in entries}
        users = {row.stream: row for row in load(cursor, self._users, User, "stream", list(streams))}
        homes = {row.organization for row in users.values()}
        homes |= {entry.fact.organization for entry in entries if isinstance(entry.fact, UserRegistered)}
        streams |= {organization_stream(code) for code in homes if code is not None}
        organizations = {
            row.stream: row for row in load(cursor, self._organizations, Customer, "stream", list(streams))
        }
        for entry in entries:
            match entry.fact:
                case OrganizationRegistered(at=at, code=code, name=name, contact=contact):
                    organizations[entry.stream] = Customer(
                        stream=entry.stream, code=code, name=name, contact=contact, registered_at=at
                    )
                case OrganizationSettingChanged() as fact if organization := organizations.get(entry.stream):
                    organization.p12_profile = fact.p12_profile
                    organization.issuance_code = fact.issuance_code
                    organization.language = fact.language
                case MasterRegistered(user_id=user_id) if organization := organizations.get(entry.stream):
                    organization.master = user_id
                case UserRegistered() as fact:
                    users[entry.stream] = user = User(
                        stream=entry.stream,
                        user_id=fact.user_id,
                        organization=fact.organization,
                        role=fact.role,
                        person=fact.person,
                        registered_at=fact.at,
                    )
                    _count(organizations, user, 1)
                case AccountClosed(at=at) if user_ := users.get(entry.stream):
                    user_.closed_at = at
                    _count(organizations, user_, -1)
        upsert(cursor, self._organizations, list(organizations.values()))
        upsert(cursor, self._users, list(users.values()))

    def organizations(
        self, cursor: Cursor[DictRow], *, code: str | None = None, after: str | None = None, limit: int = PAGE
    ) -> OrganizationPage:
        """In the order of their codes in lower case; `after` is a page's `next`."""
        conditions = [sql.SQL("true")]
        if code is not None:
            conditions.append(sql.SQL("lower(code) = lower(%(code)s)"))
        if after is not None:
            conditions.append(sql.SQL("lower(code) > %(after)s"))
        query = sql.SQL(ORGANIZATIONS).format(
            organizations=self._organizations, conditions=sql.SQL(" and ").join(conditions)
        )
        found = [
            OrganizationRow(**{**row, "registered_at": row["registered_at"].astimezone(UTC)})
            for row in cursor.execute(query, {"code": code, "after": after, "limit": limit})
        ]
        items = found[:limit]
        return OrganizationPage(items, items[-1].code.lower() if len(found) > limit else None)

    def names(self, cursor: Cursor[DictRow], codes: Iterable[str]) -> dict[str, str]:
        """The organizations' names by their codes, as they are registered; unknown ones are left out."""
        streams = [organization_stream(code) for code in codes]
        query = sql.SQL(NAMES).format(organizations=self._organizations)
        return {row["code"]: row["name"] for row in cursor.execute(query, [streams])}

    def users(
        self,
        cursor: Cursor[DictRow],
        *,
        organization: str | None = None,
        role: Role | None = None,
        user_id: str | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> UserPage:
        """In the order of their IDs in lower case; `after` is a page's `next`."""
        conditions = [sql.SQL("true")]
        if organization is not None:
            conditions.append(sql.SQL("lower(organization) = lower(%(organization)s)"))
        if role is not None:
            conditions.append(sql.SQL("role = %(role)s"))
        if user_id is not None:
            conditions.append(sql.SQL("lower(user_id) = lower(%(user_id)s)"))
        if after is not None:
            conditions.append(sql.SQL("lower(user_id) > %(after)s"))
        query = sql.SQL(USERS).format(users=self._users, conditions=sql.SQL(" and ").join(conditions))
        asked = {"organization": organization, "role": role, "user_id": user_id, "after": after, "limit": limit}
        found = [
            UserRow(
                **{
                    **row,
                    "registered_at": row["registered_at"].astimezone(UTC),
                    "closed_at": row["closed_at"] and row["closed_at"].astimezone(UTC),
                }
            )
            for row in cursor.execute(query, asked)
        ]
        items = found[:limit]
        return UserPage(items, items[-1].user_id.lower() if len(found) > limit else None)


def _count(organizations: dict[UUID, Customer], user: User, one: int) -> None:
    if user.organization is not None and user.role == "general":
        home = organizations.get(organization_stream(user.organization))
        if home is not None:
            home.general_users += one
