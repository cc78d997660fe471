"""General users of earlier versions, told to their organizations once (section 1, R6.4).

Their own streams alone said where they belong. Without this the limit of an organization, and its closing, would miss
them.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from domain.credentials import account_stream, organization_stream
from domain.fact import COMMAND_LINE
from domain.organization_facts import GeneralUserRegistered
from domain.user_account_facts import AccountClosed, UserRegistered
from infra.event_store import APPEND, STORED, FactMapper, stored_fact

TOPICS = [kind.TOPIC for kind in (UserRegistered, AccountClosed, GeneralUserRegistered)]
FOUND = f"select {STORED} from stored_events where topic = any(%s) order by notification_id"  # noqa: S608  (ours)
VERSIONS = """
select originator_id, max(originator_version) from stored_events where originator_id = any(%s) group by originator_id
"""


def tell(connection: psycopg.Connection[Any], at: datetime) -> None:
    """Within the caller's transaction, which lets nobody else write meanwhile. Again it finds nothing to tell."""
    untold = defaultdict[UUID, list[str]](list)
    for user in _untold(connection):
        untold[organization_stream(str(user.organization))].append(user.user_id)
    versions = dict(connection.execute(VERSIONS, [list(untold)]).fetchall())
    facts = [
        (stream, version, GeneralUserRegistered(at=at, by=COMMAND_LINE, user_id=user_id))
        for stream, users in untold.items()
        for version, user_id in enumerate(users, versions[stream] + 1)
    ]
    if facts:
        streams, numbers, told = zip(*facts, strict=True)
        topics, states = [fact.TOPIC for fact in told], [FactMapper.encode(fact) for fact in told]
        connection.execute(APPEND, [list(streams), list(numbers), topics, states])


def _untold(connection: psycopg.Connection[Any]) -> list[UserRegistered]:
    """Those not closed, in the order of their registration."""
    registered: dict[UUID, UserRegistered] = {}
    settled: set[UUID] = set()
    for row in connection.execute(FOUND, [TOPICS]):
        stream: UUID = row[0]
        match stored_fact(*row):
            case UserRegistered(role="general") as user:
                registered[stream] = user
            case AccountClosed():
                settled.add(stream)
            case GeneralUserRegistered(user_id=user_id):
                settled.add(account_stream(user_id))
    return [user for stream, user in registered.items() if stream not in settled]
