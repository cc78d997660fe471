"""What the auditors' pages have in common: who sees them, that each reading is recorded, facts as lines (R10)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from starlette.requests import Request

from application.sessions import Visitor
from domain.fact import Fact
from projections.answers import EventRow, HeadRow
from web.acts import ActPages
from web.lists import Lists
from web.site import Site
from web.views import AuditViews


class Line(msgspec.Struct, frozen=True):
    """A fact to be shown; `fact` is None where what is stored is gone, cannot be read, or is not what was recorded."""

    row: EventRow
    fact: Fact | None


def are_proven(rows: Iterable[EventRow], head: HeadRow | None) -> bool | None:
    """Whether all of these facts are those the signed head vouches for; None where it does not cover all of them."""
    found = list(rows)
    if head is None:
        return None
    if not head.agrees or any(row.intact is False for row in found):
        return False
    return True if all(row.intact and row.position < head.size for row in found) else None


def lines(rows: Iterable[EventRow]) -> list[Line]:
    kinds = {kind.TOPIC: kind for kind in Fact.every()}
    return [Line(row, _fact(row, kinds)) for row in rows]


def _fact(row: EventRow, kinds: Mapping[str, type[Fact]]) -> Fact | None:
    if row.topic is None or row.details is None or row.topic not in kinds or row.intact is False:
        return None
    try:
        return msgspec.convert({**row.details, "at": row.at, "by": row.actor}, kinds[row.topic])
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
