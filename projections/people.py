"""Organizations and their users, as the bank asks for them (R9.1). Names of persons are in the vault, not here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from domain.credentials import organization_stream
from domain.fact import LogEntry
from domain.organization_facts import (
    Language,
    MasterInitialized,
    MasterRegistered,
    OrganizationClosed,
    OrganizationRegistered,
    OrganizationSettingChanged,
    Profile,
    Switch,
)
from domain.user_account_facts import AccountClosed, Role, UserRegistered
from projections.answers import (
    PAGE,
    OrganizationKey,
    OrganizationPage,
    OrganizationRow,
    OrganizationSort,
    UserKey,
    UserPage,
    UserRow,
    UserSort,
)
from projections.orders import both_ways, last
from projections.views import load, upsert

FOLDED = (
    OrganizationRegistered,
    OrganizationSettingChanged,
    OrganizationClosed,
    MasterRegistered,
    MasterInitialized,
    UserRegistered,
    AccountClosed,
)

# Codes and user IDs are unique without regard to case (R2.2, R7.1), so their lower case is the order of the lists;
# `home` is that of the organization's code.
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
    registered_at timestamptz not null,
    closed_at timestamptz,
    home text collate "C" not null generated always as (lower(code)) stored
);
create unique index if not exists {by_code} on {organizations} (home);
create index if not exists {by_registration} on {organizations} (registered_at, home);
create table if not exists {users} (
    stream uuid primary key,
    user_id text collate "C" not null,
    organization text collate "C",
    role text not null,
    person int not null,
    registered_at timestamptz not null,
    closed_at timestamptz,
    account text collate "C" not null generated always as (lower(user_id)) stored,
    home text collate "C" not null generated always as (coalesce(lower(organization), '')) stored
);
create unique index if not exists {by_user} on {users} (account);
create index if not exists {by_organization} on {users} (home, account);
create index if not exists {role_by_user} on {users} (role, account);
create index if not exists {role_by_organization} on {users} (role, home, account);
"""
INDEXES = ("by_code", "by_registration", "by_user", "by_organization", "role_by_user", "role_by_organization")

ORGANIZATION_ORDERS = both_ways({"code": ("home",), "registered_at": ("registered_at", "home")})
USER_ORDERS = both_ways({"user_id": ("account",), "organization": ("home", "account")})

ORGANIZATIONS = """
select code, name, p12_profile, issuance_code, language, master, general_users, registered_at, closed_at
from {organizations} where {conditions} order by {order} limit %(limit)s + 1
"""
USERS = """
select user_id, organization, role, registered_at, closed_at
from {users} where {conditions} order by {order} limit %(limit)s + 1
"""
NAMES = "select code, name from {organizations} where stream = any(%s)"


class Customer(msgspec.Struct):
    """A row of the organizations. `contact` is a version in the vault; `general_users` counts those not closed."""

    stream: UUID
    code: str
    name: str
    contact: int
    registered_at: datetime
    p12_profile: Profile = "modern"
    issuance_code: Switch = "off"
    language: Language = "ja"
    master: str | None = None
    general_users: int = 0
    closed_at: datetime | None = None


class User(msgspec.Struct):
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

    def __init__(self, generation: str = "people_2") -> None:
        self.generation = generation
        self._organizations = sql.Identifier("views", f"{generation}_organizations")
        self._users = sql.Identifier("views", f"{generation}_users")

    def tables(self) -> sql.Composed:
        indexes = {index: sql.Identifier(f"{self.generation}_{index}") for index in INDEXES}
        return sql.SQL(TABLES).format(organizations=self._organizations, users=self._users, **indexes)

    def fold(self, cursor: Cursor[DictRow], entries: Sequence[LogEntry]) -> None:
        entries = [entry for entry in entries if isinstance(entry.fact, FOLDED)]
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
                case MasterInitialized() if organization := organizations.get(entry.stream):
                    organization.master = None
                case OrganizationClosed(at=at) if organization := organizations.get(entry.stream):
                    organization.closed_at = at
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
        self,
        cursor: Cursor[DictRow],
        *,
        code: str | None = None,
        sort: OrganizationSort = "code",
        after: OrganizationKey | None = None,
        limit: int = PAGE,
    ) -> OrganizationPage:
        """In that order; `after` is a page's `next`."""
        order, conditions = ORGANIZATION_ORDERS[sort], list[sql.Composable]([sql.SQL("true")])
        if code is not None:
            conditions.append(sql.SQL("home = lower(%(code)s)"))
        if after is not None:
            conditions.append(order.behind)
        query = sql.SQL(ORGANIZATIONS).format(
            organizations=self._organizations, conditions=sql.SQL(" and ").join(conditions), order=order.by
        )
        found = [
            OrganizationRow(**row | _utc(row))
            for row in cursor.execute(query, {"code": code, "limit": limit, **last(after)})
        ]
        items = found[:limit]
        following = (
            OrganizationKey(sort, items[-1].code.lower(), items[-1].registered_at) if len(found) > limit else None
        )
        return OrganizationPage(items, following)

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
        sort: UserSort = "user_id",
        after: UserKey | None = None,
        limit: int = PAGE,
    ) -> UserPage:
        """In that order; `after` is a page's `next`."""
        order, conditions = USER_ORDERS[sort], list[sql.Composable]([sql.SQL("true")])
        if organization is not None:
            conditions.append(sql.SQL("home = lower(%(organization)s)"))
        if role is not None:
            conditions.append(sql.SQL("role = %(role)s"))
        if user_id is not None:
            conditions.append(sql.SQL("account = lower(%(user_id)s)"))
        if after is not None:
            conditions.append(order.behind)
        query = sql.SQL(USERS).format(users=self._users, conditions=sql.SQL(" and ").join(conditions), order=order.by)
        asked = {"organization": organization, "role": role, "user_id": user_id, "limit": limit, **last(after)}
        found = [UserRow(**row | _utc(row)) for row in cursor.execute(query, asked)]
        items = found[:limit]
        return UserPage(items, _user_key(sort, items[-1]) if len(found) > limit else None)


def _utc(row: DictRow) -> dict[str, datetime | None]:
    """The instants of a row of either table."""
    return {name: row[name] and row[name].astimezone(UTC) for name in ("registered_at", "closed_at")}


def _user_key(sort: UserSort, row: UserRow) -> UserKey:
    return UserKey(sort, row.user_id.lower(), (row.organization or "").lower())


def _count(organizations: dict[UUID, Customer], user: User, one: int) -> None:
    if user.organization is not None and user.role == "general":
        home = organizations.get(organization_stream(user.organization))
        if home is not None:
            home.general_users += one
