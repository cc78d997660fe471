"""P4: the list of revoked certificates after one more revocation, read from the store, signed and written to the
database, at 100,000 entries (beside django-ca) and at a million. Processor time of this process; and its memory, from
before the first entry is read to the most it ever took, beside the size of the list.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

from application.ports import Changes
from bench.django_ca import DjangoCa, django_ca
from bench.place import Place, place
from bench.rounds import Comparison, Cost, Row, cost_of, interleaved, table
from domain.certificate import CertificateRevoked, certificate_stream
from domain.fact import COMMAND_LINE
from infra.bootstrap import load_authority
from infra.clock import now
from infra.published_list import PublishedList
from tests.support.fleet import free_port

ROUNDS = 3  # a list of django-ca takes half a minute
MEGABYTE = 1 << 20
MILLION = 1_000_000
GOAL = Comparison("P4", "a list of {entries:,} after one more revocation; the goal", "ms CPU", "<= 1")
DJANGO = Comparison("P4", "a list of {entries:,} after one more revocation; django-ca", "ms CPU")
MEMORY = Comparison("P4", "memory for a list of {entries:,}; the list", "MB", "<= 2")
# Beside a short list stands what any first work of a process takes, some ten megabytes; the goal is the million's.
FIRST_MEMORY = Comparison("P4", "memory for a process's first list, of {entries:,}; the list", "MB")
COMPARISONS = [GOAL, DJANGO, MEMORY, FIRST_MEMORY]
# As the store has them: each certificate in a stream of its own, its serial random, its end on one of 366 days.
FILL = """
with made as (
    select number, gen_random_uuid() as stream,
        '7F' || upper(substr(md5(number::text || 'a') || md5(number::text || 'b'), 1, 38)) as serial
    from generate_series(%(first)s::int, %(last)s::int) as number
), listed as (
    insert into certificate_index (serial, stream, not_after)
    select serial, stream, date_trunc('day', %(now)s::timestamptz) + number %% 366 * interval '1 day'
        + interval '14:59:59' + interval '1 day'
    from made
)
insert into stored_events (originator_id, originator_version, topic, state)
select stream, 1, 'certificate.revoked.1', convert_to(format(
    '{"at":"%%s","by":"bank01","serial":"%%s","reason":"lost","request":null,"commitment":null,"paper_number":null}',
    to_char(%(now)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), serial
), 'UTF8') from made
"""
NUMBERS = count(1)


@dataclass(frozen=True)
class Filled:
    """`memory` and `size` in bytes; `cold` is what it took a process that had encoded nothing yet."""

    cold: Cost
    memory: int
    size: int


def fill(at: Place, first: int, last: int) -> None:
    with psycopg.connect(at.dsn.owner, autocommit=True) as owner:
        owner.execute(FILL, {"first": first, "last": last, "now": now()})
        owner.execute("analyze stored_events, certificate_index")


def one_more(at: Place) -> None:
    """A revocation as the store keeps it."""
    number = next(NUMBERS)
    fact = CertificateRevoked(at=now(), by=COMMAND_LINE, serial=f"6F{number:038X}", reason="lost")
    at.house.store.save(Changes(certificate_stream("bench", number), 0, [fact]))


def publishing(at: Place, published: PublishedList) -> Callable[[], float]:
    """Each round in milliseconds."""

    def side() -> float:
        one_more(at)
        return 1000 * cost_of(lambda: published.renew(now())).cpu

    return side


def filled(at: Place, published: PublishedList) -> Filled:
    """The first list of a process, and some more."""
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    cold = cost_of(lambda: published.renew(now()))
    for _ in range(2):
        one_more(at)
        published.renew(now())
    memory = status("VmHWM") - before
    (row,) = at.house.database.execute("select sum(length(content)) as size from revocation_list_parts")
    return Filled(cold, memory, int(row["size"]))


def status(name: str) -> int:
    """Bytes, of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def told(at: Place, entries: int, goal: int, peer: DjangoCa | None) -> list[Row]:
    published = PublishedList(at.house.database, at.house.store, load_authority(at.house.settings))
    start = filled(at, published)
    print(f"P4 {entries:,} entries: a process's first list takes it {start.cold.cpu:.1f} s", flush=True)
    ours = publishing(at, published)
    sides = (
        interleaved(ours, lambda: 1000 * peer.publish(), rounds=ROUNDS) if peer else interleaved(ours, rounds=ROUNDS)
    )
    rows = [GOAL.of(sides[0], [goal] * ROUNDS, entries=entries)]
    if peer:
        rows.append(DJANGO.of(sides[0], sides[1], entries=entries))
    memory, size = [start.memory / MEGABYTE], [start.size / MEGABYTE]
    footprint = MEMORY if entries == MILLION else FIRST_MEMORY
    return [*rows, footprint.of(memory, size, entries=entries)]


def rows() -> list[Row]:
    with place() as at, ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        fill(at, 1, 100_000)
        with django_ca(folder / "django", free_port()) as peer:
            if peer:
                peer.revoke(100_000)
            else:
                print("P4: django-ca is not there, nothing compared", flush=True)
            found = told(at, 100_000, 100, peer)
        fill(at, 100_001, MILLION)
        return [*found, *told(at, MILLION, 1000, None)]


if __name__ == "__main__":
    print(table(rows()))
