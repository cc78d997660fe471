"""What ends with a certificate: the sessions bound to it, and a p12 that waits (R3.11, R4.4, R6.3)."""

from collections.abc import Sequence
from datetime import datetime

from application.ports import Changes, FactStore, Row, Sessions, Tickets
from application.streams import Loaded, live_certificates
from domain.certificate import Certificate
from domain.user_account import UserAccount


def end_with(ended: Sequence[Loaded[Certificate]], reason: str, sessions: Sessions, tickets: Tickets) -> list[Row]:
    """Sessions before tickets, as in every save that has both: who locks in one order does not wait for each other."""
    return [
        *(sessions.end_bound(str(found.state.fingerprint), reason) for found in ended),
        *(tickets.destroy_package(found.stream) for found in ended),
    ]


def supersede_older(
    store: FactStore, sessions: Sessions, tickets: Tickets, account: UserAccount, number: int, by: str, now: datetime
) -> tuple[list[Changes], list[Row]]:
    """End the live certificates issued before that number (R4.4)."""
    older = [found for found in live_certificates(store, account, now) if found.state.number < number]
    changes = [found.changes(found.state.revoke("superseded", by, now)) for found in older]
    return changes, end_with(older, "superseded", sessions, tickets)
