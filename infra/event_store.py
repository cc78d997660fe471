"""The event store: eventsourcing's Application with our mapper and our recorder on PostgreSQL.

The library keeps streams, versions and the notification log; ours are the stored form (JSON under explicit topics)
and the append, which takes one round trip and may carry rows of other tables in the same transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    InfrastructureFactory,
    IntegrityError,
    InterfaceError,
    InternalError,
    Mapper,
    OperationalError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment
from psycopg.errors import DeadlockDetected, ReadOnlySqlTransaction, SerializationFailure

from application.ports import Changes, Conflict, Row, Unavailable, Unreadable
from domain.fact import Fact, LogEntry
from domain.fact_kinds import KINDS
from infra.postgres import Database, Statement

APPEND = "select append_events(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[])"
SELECT_STATES = "select topic, state from stored_events where originator_id = %s order by originator_version"
SELECT_PLACE = (
    "select notification_id, originator_version from stored_events where originator_id = %s"
    " order by originator_version offset %s limit 1"
)
EVENTS_KEY = "stored_events_pkey"
PAGE = 500
# An unknown topic, and what a decoder says of a state that is not its kind's.
NO_FACT = (KeyError, msgspec.DecodeError, UnicodeDecodeError)


class Recorded(msgspec.Struct, frozen=True):
    """A fact and its place in a stream: what the library calls a domain event."""

    originator_id: UUID
    originator_version: int
    fact: Fact


class FactMapper(Mapper[UUID]):
    """Facts to JSON and back. A topic is the fact's TOPIC; module paths are never stored."""

    encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
    decoders: dict[str, Callable[[bytes], Fact]] = {  # noqa: RUF012  (the base class is no dataclass)
        kind.TOPIC: msgspec.json.Decoder(kind).decode for kind in KINDS.values()
    }

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        recorded = cast("Recorded", domain_event)
        fact = recorded.fact
        return StoredEvent(
            originator_id=recorded.originator_id,
            originator_version=recorded.originator_version,
            topic=fact.TOPIC,
            state=self.encode(fact),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        fact = self.decoders[stored_event.topic](stored_event.state)
        recorded = Recorded(cast("UUID", stored_event.originator_id), stored_event.originator_version, fact)
        return cast("DomainEventProtocol[UUID]", recorded)


# Of a stored fact what `stored_fact` takes, for questions of other tables that lead to facts.
STORED = "originator_id, originator_version, notification_id, topic, state"


def stored_fact(originator_id: UUID, originator_version: int, notification_id: int, topic: str, state: bytes) -> Fact:
    """Raises Unreadable."""
    with suppress(*NO_FACT):
        return FactMapper.decoders[topic](state)
    # Out here, for the decoder's own words quote the state, and would go with it into the logs.
    raise Unreadable(originator_id, originator_version, notification_id)


def is_fact(topic: str, state: bytes) -> bool:
    try:
        FactMapper.decoders[topic](state)
    except NO_FACT:
        return False
    return True


class Datastore(PostgresDatastore):
    """The library's datastore on our pool, so that a process has one."""

    def __init__(self, database: Database) -> None:
        super().__init__(dbname="", host="", port="", user="", password="")  # its own pool is never opened
        self.pool = cast("Any", database.pool)

    def register_type_adapters(self) -> None:
        """Not needed: the append function takes plain arrays."""

    def close(self) -> None:
        """The pool belongs to the Database."""


class AppendRecorder(PostgresApplicationRecorder):
    """Inserts by the one function the processes' role may call.

    The library repeats each call ten times while the server is away; ours are told at once and answer 503.
    """

    select_events = PostgresApplicationRecorder.select_events.__wrapped__  # left so by its @retry
    select_notifications = PostgresApplicationRecorder.select_notifications.__wrapped__
    max_notification_id = PostgresApplicationRecorder.max_notification_id.__wrapped__

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        rows: Sequence[Row] = kwargs.get("rows", ())
        columns = (
            array(str(event.originator_id) for event in stored_events),
            array(str(event.originator_version) for event in stored_events),
            array(event.topic for event in stored_events),  # letters, hyphens, dots and digits
            array(rf'"\\x{event.state.hex()}"' for event in stored_events),
        )
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            # The append comes last, for it holds the table's lock until the commit. One statement is a transaction by
            # itself, for the pool's connections commit each.
            match rows:
                case []:
                    cursor.execute(APPEND, columns)
                case [Statement() as only]:
                    cursor.execute(only.then(APPEND), [*only.parameters, *columns])
                case _:
                    with connection.transaction():
                        for row in rows:
                            row(cursor)
                        cursor.execute(APPEND, columns)
            return [found["append_events"] for found in cursor]


def array(elements: Iterable[str]) -> str:
    """PostgreSQL's own text of an array, of elements that need no quotes or have them.

    psycopg makes it too, but looks at the type of each element first: that took a fifth of a save.
    """
    return f"{{{','.join(elements)}}}"


class Factory(PostgresFactory):
    def __init__(self, env: Environment, database: Database) -> None:
        InfrastructureFactory.__init__(self, env)
        self.datastore = Datastore(database)


@contextmanager
def reached() -> Iterator[None]:
    """The library's errors in the application's words.

    A Conflict is one of the events' own key, and a transaction that the server ended in favour of another: the rows
    beside the facts have locks too, and who decides again finds them free.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
            raise Conflict(type(error.__cause__).__name__) from error
        raise Unavailable(f"event store: {type(error).__name__}") from error
    except InternalError as error:
        if isinstance(error.__cause__, ReadOnlySqlTransaction):  # after a failover, until the pool finds the other
            raise Unavailable("event store: read-only") from error
        raise
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if constraint == EVENTS_KEY:
            raise Conflict(constraint) from error
        raise


class EventStore(Application[UUID]):
    """`load` and `save`, as application/ports.FactStore says; `entries` for the projections."""

    name = "stored"  # the table is this and "_events"
    env = {  # noqa: RUF012  (the library's own attribute)
        "MAPPER_TOPIC": f"{__name__}:FactMapper",
        "APPLICATION_RECORDER_TOPIC": f"{__name__}:AppendRecorder",
        "CREATE_TABLE": "n",
    }

    def __init__(self, database: Database) -> None:
        self._database = database
        super().__init__()

    @property
    def _facts(self) -> AppendRecorder:
        return cast("AppendRecorder", self.recorder)

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        return Factory(env, self._database)

    def load(self, stream: UUID) -> list[Fact]:
        """Topic and state alone: every command loads streams, and the library's objects on the way from a row to a fact
        cost six times as much as reading and decoding it."""
        decoders, found = FactMapper.decoders, self._database.ask(SELECT_STATES, stream)
        try:
            return [decoders[topic](state) for topic, state in found]
        except NO_FACT:
            before = next(place for place, stored in enumerate(found) if not is_fact(*stored))
        # Out here, for the decoder's own words quote the state, and would go with it into the logs.
        ((position, version),) = self._database.ask(SELECT_PLACE, stream, before)
        raise Unreadable(stream, version, position)

    def save(self, *changes: Changes, rows: Sequence[Row] = ()) -> None:  # type: ignore[override]  # our shape of it
        if not rows and not any(change.facts for change in changes):
            return
        recorded = [
            Recorded(change.stream, change.version + place, fact)
            for change in changes
            for place, fact in enumerate(change.facts, 1)
        ]
        try:
            with reached():
                # Not by the library's own save, which first looks for events in whatever objects it is given.
                self.events.put(cast("list[DomainEventProtocol[UUID]]", recorded), rows=rows)
        except Unavailable:
            # The reply to COMMIT may be what was lost: then it has happened, and saying otherwise would be false.
            # Rows alone leave nothing to tell it by.
            if not recorded or not self._stands(changes):
                raise

    def _stands(self, changes: Sequence[Changes]) -> bool:
        """Whether exactly these facts stand in their places."""
        return all(
            self.load(change.stream)[change.version :][: len(change.facts)] == list(change.facts) for change in changes
        )

    def entries(self, after: int, limit: int = PAGE) -> list[LogEntry]:
        """The log's next facts behind position `after`, in order. Raises Unreadable."""
        with reached():
            found = self.recorder.select_notifications(start=after, limit=limit, inclusive_of_start=False)
        decoders = FactMapper.decoders
        try:
            return [
                LogEntry(n.id, cast("UUID", n.originator_id), n.originator_version, decoders[n.topic](n.state))
                for n in found
            ]
        except NO_FACT:
            bad = next(n for n in found if not is_fact(n.topic, n.state))
        raise Unreadable(cast("UUID", bad.originator_id), bad.originator_version, bad.id)

    def head(self) -> int:
        """The position of the newest fact, 0 in an empty log."""
        with reached():
            return self.recorder.max_notification_id() or 0
