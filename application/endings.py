"""What ends with a certificate - the sessions bound to it, a p12 that waits - and with an account (R3.11, R4.4, R6)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from application.ports import Changes, FactStore, Row, Sessions, Tickets
from application.streams import Loaded, live_certificates, mail
from domain.certificate import Certificate
from domain.user_account import UserAccount


def end_with(ended: Sequence[Loaded[Certificate]], reason: str, sessions: Sessions, tickets: Tickets) -> list[Row]:
    """Sessions before tickets, as in every save that has both: who locks in one order does not wait for each other."""
    return [
        *(sessions.end_bound(str(found.state.fingerprint), reason) for found in ended),
        *(tickets.destroy_package(found.stream) for found in ended),
    ]


class Ended(NamedTuple):
    """What is saved to end accounts: `rows` in the order of every save."""

    changes: list[Changes]
    rows: list[Row]
    serials: list[str]


def close_accounts(
    store: FactStore,
    sessions: Sessions,
    tickets: Tickets,
    accounts: Sequence[Loaded[UserAccount]],
    reason: str,
    by: str,
    now: datetime,
    *,
    tells_revoked: bool,
) -> Ended:
    """For ever (R2.2): log-ins, certificates, a waiting p12 and tickets end with the account (R3.11, R6.4)."""
    changes: list[Changes] = []
    living: list[Loaded[Certificate]] = []
    for account in accounts:
        changes.append(account.changes(account.state.close(reason, by, now)))
        own = list(live_certificates(store, account.state, now))
        revoked = [found.changes(found.state.revoke("closed", by, now)) for found in own]
        changes += revoked
        if tells_revoked:
            changes += [mail("revoked", account.state.user_id, change, change.facts[0]) for change in revoked]
        living += own
    # A log-in without a certificate that lives has ended already (R6.3).
    ended = end_with(living, "closed", sessions, tickets)
    forgotten = tickets.forget_users(*(account.state.user_id for account in accounts))
    return Ended(changes, [*ended, forgotten], [str(found.state.serial) for found in living])


def supersede_older(
    store: FactStore, sessions: Sessions, tickets: Tickets, account: UserAccount, number: int, by: str, now: datetime
) -> tuple[list[Changes], list[Row]]:
    """End the live certificates issued before that number (R4.4)."""
    older = [found for found in live_certificates(store, account, now) if found.state.number < number]
    changes = [found.changes(found.state.revoke("superseded", by, now)) for found in older]
    return changes, end_with(older, "superseded", sessions, tickets)
