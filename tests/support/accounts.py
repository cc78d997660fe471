"""Accounts and certificates for tests, told by their facts (style 27, 28)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Literal

import domain
from domain.certificate import Certificate, Reason, certificate_from
from domain.fact import Fact
from domain.user_account import UserAccount, account_from
from domain.user_account_facts import Role, UserRegistered
from domain.validity import Validity

MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

NINE = datetime(2026, 11, 23, 0, tzinfo=UTC)  # 9:00 in Japan, on a Monday
TARO = "taro01"
MASTER = "hanako1"
COMMITMENT = "c0" * 32


def japan(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    """The UTC instant at which a clock in Japan shows this; reckoned here, not by the domain under test."""
    nine_hours_ahead = timezone(timedelta(hours=9))
    return datetime(year, month, day, hour, minute, second, micro, nine_hours_ahead).astimezone(UTC)


def fact(name: str, at: datetime, /, by: str = TARO, **details: object) -> Fact:
    """The fact of that class name; the instant is always shown."""
    kinds: list[Callable[..., Fact]] = [kind for kind in domain_facts() if kind.__name__ == name]
    (kind,) = kinds
    return kind(at=at, by=by, **details)


@cache
def domain_files() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"domain.{each.name}") for each in iter_modules(domain.__path__))


@cache
def domain_facts() -> tuple[type[Fact], ...]:
    """Every kind of fact that is stored; those that a test made up are left out."""
    names = {file.__name__ for file in domain_files()}
    return tuple(kind for kind in Fact.every() if kind.__module__ in names)


class Account:
    """One account's stream in memory: all its facts, and the state after them."""

    def __init__(self, first: UserRegistered) -> None:
        state = account_from([first])
        assert state is not None
        self.facts: list[Fact] = [first]
        self.state: UserAccount = state

    def record(self, facts: Iterable[Fact]) -> list[Fact]:
        """What a save does; the facts decided are given back."""
        decided = list(facts)
        for each in decided:
            self.facts.append(each)
            self.state = self.state.after(each)
        return decided


def facts(account: Account) -> list[Fact]:
    return account.facts


def registered(
    user_id: str = TARO,
    *,
    role: Role = "general",
    organization: str | None = "org0001",
    password_until: datetime = NINE + 14 * DAY,
    at: datetime = NINE,
) -> Account:
    first = UserRegistered(
        at=at,
        by=MASTER,
        user_id=user_id,
        role=role,
        organization=organization,
        person=1,
        commitment=COMMITMENT,
        credential=1,
        password_until=password_until,
    )
    return Account(first)


def fail_password(account: Account, times: int, at: datetime) -> None:
    for _ in range(times):
        account.record(account.state.fail_password("issuance", at))


def accept_password(account: Account, at: datetime) -> None:
    account.record(account.state.accept_password("issuance", at))


def account_locked(times: int = 1) -> Account:
    """Locked that often, each time as soon as the lock before ended: the last one began at NINE + (times - 1) hours."""
    account = registered()
    for lock in range(times):
        fail_password(account, times=6, at=NINE + lock * HOUR)
    return account


def account_blocked() -> Account:
    """Blocked at NINE + 2 hours."""
    return account_locked(times=3)


def account_suspended() -> Account:
    account = registered()
    account.record(account.state.suspend(MASTER, NINE))
    return account


def account_closed() -> Account:
    account = registered()
    account.record(account.state.close("deleted", MASTER, NINE))
    return account


def account_issuing(started: datetime = NINE) -> Account:
    """発行 has been pressed for the first time."""
    account = registered()
    account.record(account.state.start_issuance(None, None, False, TARO, started))
    return account


def account_held(how: Literal["locked", "blocked", "suspended", "closed"]) -> Account:
    """Held that way at NINE + 2 hours."""
    if how == "locked":
        account = registered()
        fail_password(account, times=6, at=NINE + 2 * HOUR)
        return account
    return {"blocked": account_blocked, "suspended": account_suspended, "closed": account_closed}[how]()


def certificate_planned(at: datetime = NINE, number: int = 1, serial: str = "A1") -> Certificate:
    return certificate_after(Certificate.plan(TARO, number, serial, b"tbs", "ab" * 32, TARO, at))


def certificate_issued(at: datetime = NINE, number: int = 1, serial: str = "A1") -> Certificate:
    """Live, with its p12 waiting."""
    planned = certificate_planned(at, number, serial)
    return certificate_after(planned.issue(serial, b"der", "cd" * 32, Validity.from_issue(at), TARO, at), planned)


def certificate_revoked(reason: Reason = "lost") -> Certificate:
    """Issued at NINE, ended by the bank one hour later."""
    issued = certificate_issued()
    return certificate_after(issued.revoke(reason, "bank01", NINE + HOUR), issued)


def certificate_after(decided: Iterable[Fact], before: Certificate | None = None) -> Certificate:
    """The state once these facts have been saved."""
    if before is None:
        state = certificate_from(decided)
        assert state is not None
        return state
    for each in decided:
        before = before.after(each)
    return before
