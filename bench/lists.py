"""R9.1: each list of the bank in each order and by each filter, the first page and one far behind, in pages of the
database that the question looks at: with a million rows beside ten thousand. Some minutes and 2 GB of disk.

By itself (`python -m bench.lists`) it tells every question; `make bench` the worst of each list.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

from psycopg import sql

from bench.rounds import Comparison, Row, table
from infra.clock import now
from infra.embedded_postgres import embedded
from infra.migration import migrate
from projections.answers import (
    AccountSort,
    AccountState,
    CertificateSort,
    CertificateState,
    MailSort,
    MailState,
    OrganizationSort,
    Page,
    UserSort,
)
from projections.certificate_register import CertificateRegister
from projections.lock_status import LockStatus
from projections.outbox import Outbox
from projections.people import People
from projections.runner import Connection, connect, start
from projections.views import View
from tests.support.explained import Explained

MANY, FEWER = 1_000_000, 10_000
SHOWN = 50  # rows of a page
FAR = (
    100,
    4_900,
    5_000,
    45_000,
    45_000,
)  # rows to walk: the page behind the last of these that has one is the deep one
NOW = now()
WORST = Comparison("R9.1", "{listed} of 1,000,000, the worst of {pages} pages ({worst}); of 10,000", "pages")
NEXT_WORST = Comparison(
    "R9.1", "the same without the ends within a day in other orders, the worst of {pages} ({worst}); of 10,000", "pages"
)
COMPARISONS = [WORST, NEXT_WORST]
# No index goes by both the end and another order: docs/benchmarks.md tells what that costs.
BY_TWO = tuple(f"state=expiring within=1 {sort}," for sort in get_args(CertificateSort) if sort.lstrip("-") != "end")

# In no list do the rows stand in its order: 7919 is a prime. Of what is rare there is as much in both tables.
ACCOUNTS = """
insert into {table} (stream, user_id, organization, role, failures, locks, locked_until, blocked, suspended, closed)
select lpad(to_hex(n), 32, '0')::uuid, 'U' || lpad(place::text, 7, '0'), 'O' || lpad((place / 20)::text, 7, '0'),
    'general', 0, 0, case when rare = 1 then %(now)s + (n %% 3600 + 1) * interval '1 second' end, rare = 2, rare = 3,
    n %% 5 = 0
from (
    select n, n * 7919 %% %(total)s as place, n %% (%(total)s / 100) as rare
    from generate_series(0, %(total)s::bigint - 1) as n
) as accounts
"""
# Issued over five years, renewed in their last month by most; the newest year's are not ended.
CERTIFICATES = """
insert into {table} (serial, user_id, organization, stream, not_before, not_after, first_used_at, revoked_at, reason)
select lpad(upper(to_hex(n)), 32, '0'), 'U' || lpad((place / 5)::text, 7, '0'),
    'O' || lpad((place / 100)::text, 7, '0'), lpad(to_hex(n), 32, '0')::uuid, issued - interval '5 minutes',
    date_trunc('day', issued, 'Asia/Tokyo') + interval '366 days' - interval '1 second',
    case when n %% 10 <> 0 then issued + interval '1 day' end,
    case when reason is not null then issued + interval '300 days' end, reason
from (
    select n, n * 7919 %% %(total)s as place, %(now)s - age as issued,
        case when n %% 20 = 3 then 'lost' when n %% 10 < 7 and age > interval '366 days' then 'superseded' end as reason
    from (
        select n, (n * 104729 %% %(total)s)::float8 / %(total)s * interval '1825 days' as age
        from generate_series(0, %(total)s::bigint - 1) as n
    ) as aged
) as certificates
"""
ORGANIZATIONS = """
insert into {table}
    (stream, code, name, contact, p12_profile, issuance_code, language, master, general_users, registered_at)
select lpad(to_hex(n), 32, '0')::uuid, 'O' || lpad((n * 7919 %% %(total)s)::text, 7, '0'), '団体' || n, 1, 'modern',
    'off', 'ja', null, 19, %(now)s - (n * 104729 %% %(total)s) * interval '1 minute'
from generate_series(0, %(total)s::bigint - 1) as n
"""
USERS = """
insert into {table} (stream, user_id, organization, role, person, registered_at)
select lpad(to_hex(n), 32, '0')::uuid, 'U' || lpad((n * 7919 %% %(total)s)::text, 7, '0'),
    case when n %% (%(total)s / 100) <> 0 then 'O' || lpad((n * 7919 %% %(total)s / 20)::text, 7, '0') end,
    case when n %% (%(total)s / 100) = 0 then 'auditor' when n %% 20 = 1 then 'master' else 'general' end, 1, %(now)s
from generate_series(0, %(total)s::bigint - 1) as n
"""
MAILS = """
insert into {table} (notification, position, kind, user_id, requested_at, state)
select lpad(to_hex(n), 32, '0')::uuid, n + 1, 'locked', 'U' || lpad((n * 7919 %% %(total)s / 20)::text, 7, '0'),
    %(now)s, coalesce((array['waiting', 'given_up', 'cancelled'])[n %% (%(total)s / 100)], 'sent')
from generate_series(0, %(total)s::bigint - 1) as n
"""

Ask = Callable[..., Page[Any, Any]]


@dataclass(frozen=True)
class Filled:
    """The views with so many rows in each of their lists."""

    accounts: LockStatus
    certificates: CertificateRegister
    people: People
    mails: Outbox


def filled(connection: Connection, total: int) -> Filled:
    views = Filled(
        LockStatus(f"accounts_of_{total}"),
        CertificateRegister(f"certificates_of_{total}"),
        People(f"people_of_{total}"),
        Outbox(f"mails_of_{total}"),
    )
    fillings: list[tuple[View, str, str]] = [
        (views.accounts, "", ACCOUNTS),
        (views.certificates, "", CERTIFICATES),
        (views.people, "_organizations", ORGANIZATIONS),
        (views.people, "_users", USERS),
        (views.mails, "", MAILS),
    ]
    for view, suffix, statement in fillings:
        start(connection, view)
        name = sql.Identifier("views", view.generation + suffix)
        connection.execute(sql.SQL(statement).format(table=name), {"total": total, "now": NOW})
        connection.execute(sql.SQL("vacuum analyze {}").format(name))
    return views


def questions(views: Filled) -> Iterator[tuple[str, str, Ask]]:
    """List, filter and order of each, and whom to ask."""
    one: dict[str, Any] = {"user_id": "u0000777"}
    home: dict[str, Any] = {"organization": "o0000033"}
    states: list[dict[str, Any]] = [{"state": state} for state in get_args(AccountState)]
    for sort in get_args(AccountSort):
        for asked in ({}, *states, one, home):
            yield "accounts", told(asked, sort), partial(views.accounts.page, now=NOW, sort=sort, **asked)
    states = [{"state": state} for state in get_args(CertificateState)]
    states += [{"state": "expiring", "within": 1}, {"state": "expiring", "within": 366}, {"unused": True}]
    for sort in get_args(CertificateSort):
        for asked in ({}, *states, one, home):
            yield "certificates", told(asked, sort), partial(views.certificates.page, now=NOW, sort=sort, **asked)
    for sort in get_args(OrganizationSort):
        yield "organizations", sort, partial(views.people.organizations, sort=sort)
    roles: list[dict[str, Any]] = [{"role": role} for role in ("general", "master", "auditor")]
    for sort in get_args(UserSort):
        for asked in ({}, *roles, one, home):
            yield "users", told(asked, sort), partial(views.people.users, sort=sort, **asked)
    states = [{"state": state} for state in get_args(MailState)]
    for sort in get_args(MailSort):
        for asked in ({}, *states, {"user_id": "u0000033"}):
            yield "mails", told(asked, sort), partial(views.mails.page, sort=sort, **asked)


def told(asked: dict[str, Any], sort: str) -> str:
    return " ".join([*(f"{name}={value}" for name, value in asked.items()), sort])


def buffers(connection: Connection, ask: Ask, after: Any = None) -> float:
    """Looked at for one page; of fewer rows than a page has, reckoned for a whole one."""
    with connection.cursor() as cursor:
        asked = Explained(cursor)
        rows = len(ask(asked.as_cursor(), after=after, limit=SHOWN).items)
    return asked.buffers * SHOWN / rows if rows else float(asked.buffers)


def far_behind(connection: Connection, ask: Ask) -> Any:
    """The key of a page as deep in the list as there is one, None in a short list."""
    found = None
    with connection.cursor() as cursor:
        for rows in FAR:
            following = ask(cursor, after=found, limit=rows).next
            if following is None:
                break
            found = following
    return found


@dataclass(frozen=True)
class Told:
    """One question of a list and its cost in both tables."""

    listed: str
    what: str
    many: float
    fewer: float

    @property
    def ratio(self) -> float:
        return self.many / self.fewer


def measured(connection: Connection) -> Iterator[Told]:
    few, many = filled(connection, FEWER), filled(connection, MANY)
    for (listed, what, small), (_, _, large) in zip(questions(few), questions(many), strict=True):
        yield Told(listed, f"{what}, first", buffers(connection, large), buffers(connection, small))
        deep = [far_behind(connection, each) for each in (large, small)]
        if None not in deep:
            costs = [buffers(connection, each, after) for each, after in zip((large, small), deep, strict=True)]
            yield Told(listed, f"{what}, deep", *costs)


def all_measured() -> list[Told]:
    with tempfile.TemporaryDirectory(prefix="shomei-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # as root, the database's account must pass through
        with embedded(home / "postgres") as cluster:
            migrate(cluster.owner_dsn, cluster.process_dsn)
            with connect(cluster.process_dsn, "bench") as connection:
                return list(measured(connection))


def worst_of_each(found: list[Told]) -> list[Row]:
    rows = []
    for listed in dict.fromkeys(one.listed for one in found):
        of_list = [one for one in found if one.listed == listed]
        rows.append(worst_of(of_list, WORST))
        others = [one for one in of_list if not one.what.startswith(BY_TWO)]
        if len(others) < len(of_list):
            rows.append(worst_of(others, NEXT_WORST))
    return rows


def worst_of(found: list[Told], comparison: Comparison) -> Row:
    worst = max(found, key=lambda one: one.ratio)
    return comparison.of([worst.many], [worst.fewer], listed=worst.listed, pages=len(found), worst=worst.what)


def rows() -> list[Row]:
    return worst_of_each(all_measured())


if __name__ == "__main__":
    everything = all_measured()
    for one in everything:
        print(f"{one.listed:14} {one.what:45} {one.many:10.1f} {one.fewer:8.1f} {one.ratio:8.2f}")
    print(table(worst_of_each(everything)))
