"""What the auditors' pages have in common: who sees them, that each reading is recorded, facts as lines (R10)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec
from starlette.requests import Request

from application.sessions import Visitor
from domain.fact import Fact
from domain.fact_kinds import KINDS
from projections.answers import EventRow, HeadRow
from web.acts import ActPages
from web.lists import Lists
from web.site import Site
from web.views import AuditViews

TOPICS = {kind.TOPIC: kind for kind in KINDS.values()}


class Line(msgspec.Struct, frozen=True):
    """A fact to be shown; `fact` is None where what is stored is gone, cannot be read, or is not what was recorded."""

    row: EventRow
    fact: Fact | None


class Proof(msgspec.Struct, frozen=True):
    """What the newest signed head says of a page: of its facts, and of the streams that its state was folded from.

    `changed`: something is not what was recorded; `proven`: all is, but for so many facts `waiting` for the next head;
    `waiting`: the state rests on such a fact.
    """

    verdict: Literal["unsigned", "changed", "waiting", "proven"]
    waiting: int = 0


def proof(rows: Iterable[EventRow], folded: bool | None, head: HeadRow | None) -> Proof:
    """`folded` is AuditViews.intact of those streams under that head."""
    if head is None:
        return Proof("unsigned")
    found = list(rows)
    if not head.agrees or folded is False or any(row.intact is False for row in found):
        return Proof("changed")
    waiting = sum(row.intact is None or row.position >= head.size for row in found)
    return Proof("proven" if folded else "waiting", waiting)


def lines(rows: Iterable[EventRow]) -> list[Line]:
    return [Line(row, _fact(row)) for row in rows]


def _fact(row: EventRow) -> Fact | None:
    if row.topic is None or row.details is None or row.topic not in TOPICS or row.intact is False:
        return None
    try:
        return msgspec.convert({**row.details, "at": row.at, "by": row.actor}, TOPICS[row.topic])
    except msgspec.ValidationError:
        return None


class Auditing(Lists[AuditViews]):
    """For auditors alone."""

    def __init__(self, site: Site, views: AuditViews) -> None:
        super().__init__(site, views, "auditor")

    auditor = ActPages.actor

    async def newest_head(self) -> HeadRow | None:
        found = await self.site.ask(self.views.heads, limit=1)
        return next(iter(found.items), None)

    async def record(
        self, who: Visitor, request: Request, asked: Mapping[str, str], as_of: datetime | None = None
    ) -> None:
        """Before the answer leaves; what was refused has shown nothing."""
        path = request.scope["route"].path
        await self.site.ask(self.site.desk.readings.read, who.user_id, path, asked, as_of, self.site.clock())
