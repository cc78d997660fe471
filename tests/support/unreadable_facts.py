"""What somebody with the database in hand does to a stored fact (R10.4)."""

from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

# A state cut off, letters that are none, another shape, an instant of no day, one of no place, a kind nobody knows.
ACTS = {
    "truncated": "state = substr(state, 1, 12)",
    "no letters": r"state = '\x7b226279223a22ff227d'",
    "another shape": "state = '[]'",
    "no instant": "state = convert_to(replace(convert_from(state, 'UTF8'), '2026-11-', '2026-13-'), 'UTF8')",
    "no offset": """state = convert_to(replace(convert_from(state, 'UTF8'), 'Z"', '"'), 'UTF8')""",
    "no kind": "topic = 'of.nobody.1'",
}


def tamper(owner: psycopg.Connection[TupleRow], stream: UUID, version: int, act: str = "truncated") -> int:
    """Returns the fact's position."""
    changed = owner.execute(
        f"update stored_events set {ACTS[act]} where originator_id = %s and originator_version = %s"  # noqa: S608  (ours)
        " returning notification_id",
        [stream, version],
    )
    ((position,),) = changed.fetchall()
    return int(position)
