"""The history as one file to take away: facts, the signed head that vouches for them, and what leads to it (R10.5).

A ZIP, made while it is sent: facts.jsonl or facts.csv, head.txt, and manifest.json last. It is recorded, and then its
first octet is made.
"""

import io
import zipfile
from collections.abc import Generator, Iterator
from datetime import datetime
from hashlib import sha256
from itertools import islice

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import DictRow

from application.ports import Unavailable
from application.readings import Readings
from domain.errors import NotFound
from domain.reading import Form
from domain.tree_head import TreeHeadSigned
from domain.validity import JST, japanese_day
from infra.export_manifest import HEAD, MANIFEST, Asked, Head, Manifest, facts_file, pieces
from infra.export_rows import HEADINGS, exported, write
from infra.log_snapshot import log_snapshot, next_border, size, stored
from projections.audit_log import AuditLog
from projections.log_tree import LogTree
from projections.merkle import perfect_root
from projections.runner import Connection
from projections.views import Told, nobody

NAME = "shomei export"  # as the server's list of connections has it
NO_HEAD = "no tree head has been signed yet: `shomei remind` signs one"
BEHIND = "the projector has not come so far yet"

# `position` counts the facts from 0: it is the leaf.
KNOWN = "select coalesce(max(position) + 1, 0) as facts from {table}"
RANGE = """
select coalesce(min(position), 0) as first, coalesce(max(position) + 1, 0) as "end" from {table}
where at >= coalesce(%s, '-infinity'::timestamptz) and at < coalesce(%s, 'infinity'::timestamptz)
"""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One that has been recorded: the leaves from `first` to before `end`, none where both are one."""

    form: Form
    first: int
    end: int
    head: TreeHeadSigned
    not_covered: int
    asked: Asked
    made_at: datetime

    @property
    def name(self) -> str:
        return f"shomei-{japanese_day(self.made_at):%Y%m%d}-{self.first}-{self.end}.zip"


class Exports:
    def __init__(self, dsn: str, readings: Readings) -> None:
        self._dsn, self._readings = dsn, readings

    def prepare(
        self,
        user_id: str,
        form: Form,
        now: datetime,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        head: int | None = None,
    ) -> Export:
        """The facts of since <= at < until, as far as the newest signed head covers them, or that of size `head`.

        Recorded when this returns (R10.5). Raises NotFound for another head, Unavailable.
        """
        with log_snapshot(self._dsn, NAME) as connection, connection.cursor() as cursor:
            vouching = _vouching(cursor, head)
            first, end = _asked_range(connection, cursor, since, until, vouching.size)
        covered = range(min(first, vouching.size), min(end, vouching.size))
        self._readings.exported(user_id, form, covered.start, covered.stop, vouching.size, now)
        return Export(
            form=form,
            first=covered.start,
            end=covered.stop,
            head=vouching,
            not_covered=end - first - len(covered),
            asked=Asked(since, until),
            made_at=now,
        )

    def chunks(self, export: Export, told: Told = nobody) -> Generator[bytes, None, None]:
        """The file's octets, with a block of facts in memory at a time. Raises Unavailable, in its midst too."""
        sink = _Sink()
        with log_snapshot(self._dsn, NAME) as connection, zipfile.ZipFile(sink, "w") as file:
            facts = _member(export, facts_file(export.form))
            digest, blocks, count = sha256(), list[str](), 0
            with file.open(facts, "w", force_zip64=True) as out:
                for octets, roots, written in _blocks(connection, export):
                    digest.update(octets)
                    out.write(octets)
                    blocks += roots
                    count += written
                    told(count, export.end - export.first)
                    yield sink.taken()
            manifest = _manifest(connection, export, digest.hexdigest(), count, blocks)
            file.writestr(_member(export, HEAD), export.head.note)
            file.writestr(_member(export, MANIFEST), msgspec.json.format(msgspec.json.encode(manifest)))
        yield sink.taken()


class _Sink(io.RawIOBase):
    """What a ZIP is written to that cannot go back: it keeps what was written until that is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, octets: bytes) -> int:  # type: ignore[override]  # zipfile gives bytes alone
        self._written.append(bytes(octets))
        return len(octets)

    def taken(self) -> bytes:
        octets = b"".join(self._written)
        self._written = []
        return octets


def _vouching(cursor: Cursor[DictRow], wanted: int | None) -> TreeHeadSigned:
    if wanted is None:
        newest = LogTree().newest_head(cursor)
        if newest is None:
            raise Unavailable(NO_HEAD)
        return newest
    found = LogTree().later_heads(cursor, wanted - 1, 1)
    if not found or found[0].size != wanted:
        raise NotFound("signed tree head")
    return found[0]


def _asked_range(
    connection: Connection, cursor: Cursor[DictRow], since: datetime | None, until: datetime | None, covered: int
) -> tuple[int, int]:
    if since is None and until is None:
        return 0, max(size(connection), covered)  # fewer are stored than were signed: the verifier shall see it
    table = sql.Identifier("views", AuditLog().generation)
    known = cursor.execute(sql.SQL(KNOWN).format(table=table)).fetchall()[0]["facts"]
    if known < covered:
        raise Unavailable(BEHIND)
    found = cursor.execute(sql.SQL(RANGE).format(table=table), [since, until]).fetchall()[0]
    return found["first"], found["end"]


def _blocks(connection: Connection, export: Export) -> Iterator[tuple[bytes, list[str], int]]:
    """The file of facts in parts: octets, the roots of the pieces that they fill, and how many facts they are.

    Hashes are those of the tree, not of what is stored now: so an export of a log that was changed tells where.
    """
    yield HEADINGS[export.form], [], 0
    place, facts = export.first, stored(connection, export.first, export.end)
    with connection.cursor() as cursor:
        while place < export.end:
            border = min(export.end, next_border(place))
            hashes = _tree_hashes(cursor, place, border)
            rows = [
                exported(index, fact, leaf_hash.hex())
                for index, leaf_hash, fact in zip(range(place, border), hashes, next(facts, []), strict=False)
            ]
            yield write(export.form, rows), _roots(hashes, place), len(rows)
            place = border


def _tree_hashes(cursor: Cursor[DictRow], begin: int, end: int) -> list[bytes]:
    try:
        return LogTree().leaf_hashes(cursor, begin, end)
    except ValueError as error:
        raise Unavailable(BEHIND) from error


def _roots(hashes: list[bytes], begin: int) -> list[str]:
    leaves = iter(hashes)
    sizes = [1 << piece.level for piece in pieces(begin, begin + len(hashes))]
    return [perfect_root(list(islice(leaves, size))).hex() for size in sizes]


def _manifest(connection: Connection, export: Export, digest: str, count: int, blocks: list[str]) -> Manifest:
    with connection.cursor() as cursor:
        before = LogTree().roots(cursor, 0, export.first)
        behind = LogTree().roots(cursor, export.end, export.head.size)
    signed = export.head.head
    head = Head(signed.size, export.head.root, signed.at.replace(microsecond=0), export.head.note)
    return Manifest(
        made_at=export.made_at,
        asked=export.asked,
        form=export.form,
        file=facts_file(export.form),
        sha256=digest,
        count=count,
        first=export.first,
        end=export.end,
        not_covered=export.not_covered,
        head=head,
        before=[root.hex() for root in before],
        behind=[root.hex() for root in behind],
        blocks=blocks,
    )


def _member(export: Export, name: str) -> zipfile.ZipInfo:
    """Dated in Japan, for a ZIP's times have no zone."""
    member = zipfile.ZipInfo(name, export.made_at.astimezone(JST).timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    return member
