"""One account's or certificate's facts in one stream, and how it stood at a moment (R10.1, R10.2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.replay import AccountAsOf, CertificateAsOf
from domain.certificate import certificate_stream
from domain.credentials import account_stream
from domain.errors import InvalidInput
from projections.answers import EventKey, EventRow
from web.api_queries import INSTANT, Cursor, Name, Typed, TypedSerial, moment
from web.auditing import Auditing, lines, proof
from web.lists import SHOWN, address
from web.query import converted, cursor_of, key_of, query_of

LATER = 5  # facts behind the moment that are shown above it


class TimelineQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: Typed | None = None
    cursor: Cursor | None = None


class Timeline(msgspec.Struct, frozen=True):
    """The newest first. `later` are the nearest behind the moment; `before` and `behind` are those of the facts next to
    it, None where there are none; `next` is a cursor."""

    rows: list[EventRow]
    later: list[EventRow]
    next: str | None
    before: datetime | None
    behind: datetime | None


def streams(state: AccountAsOf | CertificateAsOf) -> list[UUID]:
    """Those that the state was folded from."""
    if isinstance(state, CertificateAsOf):
        return [certificate_stream(state.user_id, state.number)]
    issued = [certificate_stream(state.user_id, each.number) for each in state.certificates]
    return [account_stream(state.user_id), *issued]


def routes(auditing: Auditing) -> list[Route]:
    site, views = auditing.site, auditing.views

    async def timeline(subject: str, as_of: datetime | None, cursor: str | None) -> Timeline:
        after = key_of(cursor, EventKey)
        if after is not None and after.sort != "newest":
            raise InvalidInput(cursor="of_another_order")
        until = as_of + INSTANT if as_of else None
        page = await site.ask(views.events, subject=subject, until=until, after=after, limit=SHOWN)
        later: list[EventRow] = []
        if until is not None and after is None:
            found = await site.ask(views.events, subject=subject, since=until, sort="oldest", limit=LATER)
            later = found.items[::-1]
        newest = page.items[0].at if page.items else None
        before = next((row.at for row in page.items if row.at != newest), None)
        return Timeline(page.items, later, cursor_of(page), before, later[-1].at if later else None)

    async def shown(request: Request, template: str, name: str, kind: Any, replay: Any, told: Any) -> Response:
        who = await auditing.auditor(request)
        subject, now = auditing.named(request, name, kind), site.clock()
        given = {each: value for each, value in query_of(request).items() if value}
        asked = converted(given, TimelineQuery)
        as_of = moment(as_of=asked.as_of)
        state = await site.ask(replay, subject, as_of or now, now)
        subject = state.user_id if isinstance(state, AccountAsOf) else state.serial  # as it was given
        found = await timeline(subject, as_of, asked.cursor)
        head = await auditing.newest_head()
        folded = await site.ask(views.intact, streams(state), head.size) if head else None
        answer = await auditing.page(
            request,
            who,
            template,
            state=state,
            as_of=as_of,
            typed=asked.as_of or "",
            timeline=found,
            lines=lines(found.rows),
            later=lines(found.later),
            head=head,
            proof=proof([*found.later, *found.rows], folded, head),
            path=request.scope["path"],
            here_again=address(request.scope["path"], {"as_of": asked.as_of} if asked.as_of else {}),
            **await told(state),
        )
        await auditing.record(who, request, {"subject": subject}, as_of)
        return answer

    async def account(request: Request) -> Response:
        async def told(state: Any) -> Mapping[str, Any]:
            codes = [state.organization] if state.organization else []
            return {
                "names": await site.ask(views.organization_names, codes),
                "person": await site.ask(site.desk.replay.person, state),
            }

        return await shown(request, "audit_account.html", "user_id", Name, site.desk.replay.account, told)

    async def certificate(request: Request) -> Response:
        async def told(state: Any) -> Mapping[str, Any]:
            return {}

        replay = site.desk.replay.certificate
        return await shown(request, "audit_certificate.html", "serial", TypedSerial, replay, told)

    return [Route("/audit/accounts/{user_id}", account), Route("/audit/certificates/{serial}", certificate)]
