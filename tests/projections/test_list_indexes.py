"""Each list in each order and by each filter comes from one index, neither sorted nor scanned together (R9.1)."""

from collections.abc import Callable
from functools import partial
from typing import get_args

import pytest

from projections.answers import (
    AccountSort,
    AccountState,
    CertificateSort,
    CertificateState,
    MailSort,
    MailState,
    OrganizationSort,
    UserSort,
)
from projections.certificate_register import CertificateRegister
from projections.lock_status import LockStatus
from projections.outbox import Outbox
from projections.people import People
from projections.runner import Connection, start
from tests.support.accounts import NINE
from tests.support.explained import Explained, nodes

ACCOUNTS, CERTIFICATES, MAILS, PEOPLE = LockStatus(), CertificateRegister(), Outbox(), People()

Question = tuple[Callable[..., object], str]


def account_index(state: AccountState | None, sort: AccountSort) -> str:
    """By the end of their locks the last part of the list is asked for last: those that are not locked."""
    by = {"user_id": "by_user", "organization": "by_organization"}.get(sort.lstrip("-"), "by_user")
    if state == "locked":
        return "locked_by_end" if sort.endswith("locked_until") else f"locked_{by}"
    return f"standing_{by}" if state else by


def by_kind(sort: str) -> str:
    return {"user_id": "by_user", "organization": "by_organization", "end": "by_end", "not_before": "by_start"}[
        sort.lstrip("-")
    ]


QUESTIONS: dict[str, Question] = {
    **{
        f"accounts {state} {sort}": (
            partial(ACCOUNTS.page, now=NINE, state=state, sort=sort),
            f"{ACCOUNTS.generation}_{account_index(state, sort)}",
        )
        for state in (None, *get_args(AccountState))
        for sort in get_args(AccountSort)
    },
    **{
        f"certificates {state} {sort}": (
            partial(CERTIFICATES.page, now=NINE, state=state, sort=sort),
            f"{CERTIFICATES.generation}_{'standing_' if state else ''}{by_kind(sort)}",
        )
        for state in (None, *get_args(CertificateState))
        for sort in get_args(CertificateSort)
    },
    **{
        f"unused {sort}": (
            partial(CERTIFICATES.page, now=NINE, unused=True, sort=sort),
            f"{CERTIFICATES.generation}_unused_{by_kind(sort)}",
        )
        for sort in get_args(CertificateSort)
    },
    **{
        f"organizations {sort}": (
            partial(PEOPLE.organizations, sort=sort),
            f"{PEOPLE.generation}_{'by_code' if sort.endswith('code') else 'by_registration'}",
        )
        for sort in get_args(OrganizationSort)
    },
    **{
        f"users {role} {sort}": (
            partial(PEOPLE.users, role=role, sort=sort),
            f"{PEOPLE.generation}_{'role_' if role else ''}{by_kind(sort)}",
        )
        for role in (None, "general", "auditor")
        for sort in get_args(UserSort)
    },
    **{
        f"mails {state} {sort}": (
            partial(MAILS.page, state=state, sort=sort),
            f"{MAILS.generation}_{'by_state' if state else 'by_position'}",
        )
        for state in (None, *get_args(MailState))
        for sort in get_args(MailSort)
    },
}


@pytest.fixture
def views(connection: Connection) -> Connection:
    """Empty ones; the server takes an index wherever one will do."""
    for view in (ACCOUNTS, CERTIFICATES, PEOPLE, MAILS):
        start(connection, view)
    connection.execute("set enable_seqscan = off; set enable_bitmapscan = off")
    connection.execute("set enable_sort = off; set enable_incremental_sort = off")
    return connection


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_page_is_read_in_the_order_of_an_index(views: Connection, question: str) -> None:
    ask, index = QUESTIONS[question]

    with views.cursor() as cursor:
        asked = Explained(cursor)
        ask(asked)

    assert {node["Node Type"] for node in nodes(asked.plan)} <= {"Limit", "Index Scan", "Result"}
    assert asked.indexes == {index}
