"""Signed tree heads: what proves that the history is the one that was recorded (R10.4)."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.errors import NotFound
from projections.answers import HeadKey, HeadRow
from web.api_queries import Cursor
from web.auditing import Auditing
from web.query import converted, cursor_of, key_of, query_of

SHOWN = 20  # heads
Size = Annotated[str, Meta(pattern=r"\A[0-9]{1,18}\Z")]
LogKey = Callable[[], bytes | None]  # the public key in PEM; None where there is none yet


class HeadsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None


def routes(auditing: Auditing, log_key: LogKey) -> list[Route]:
    site, views = auditing.site, auditing.views

    async def listed(request: Request) -> Response:
        who = await auditing.auditor(request)
        asked = converted({each: value for each, value in query_of(request).items() if value}, HeadsQuery)
        page = await site.ask(views.heads, after=key_of(asked.cursor, HeadKey), limit=SHOWN)
        answer = await auditing.page(
            request,
            who,
            "audit_proofs.html",
            heads=page.items,
            following=cursor_of(page),
            begun=asked.cursor is not None,
            has_key=await site.ask(log_key) is not None,
        )
        await auditing.record(who, request, {})
        return answer

    async def head_of(request: Request) -> HeadRow:
        size = int(auditing.named(request, "size", Size))
        found = (await site.ask(views.heads, after=HeadKey(size + 1), limit=1)).items
        if [head.size for head in found] != [size]:
            raise NotFound("signed tree head")
        return found[0]

    async def note(request: Request) -> Response:
        """The head of that size as it was published, to be kept elsewhere."""
        await auditing.auditor(request)
        head = await head_of(request)
        return download(head.note.encode(), f"head-{head.size}.txt", "text/plain; charset=utf-8")

    async def consistency(request: Request) -> Response:
        """That the newest head's tree begins with the one of that size (infra/consistency.py)."""
        await auditing.auditor(request)
        old, new = await head_of(request), await auditing.newest_head()
        if new is None or not (old.agrees and new.agrees):
            raise NotFound("proof of consistency")
        proof = {
            "format": "shomei-consistency-1",
            "old": old.note,
            "new": new.note,
            "before": [root.hex() for root in await site.ask(views.tree_roots, 0, old.size)],
            "behind": [root.hex() for root in await site.ask(views.tree_roots, old.size, new.size)],
        }
        name = f"consistency-{old.size}-{new.size}.json"
        return download(msgspec.json.encode(proof), name, "application/json")

    async def key(request: Request) -> Response:
        await auditing.auditor(request)
        found = await site.ask(log_key)
        if found is None:
            raise NotFound("log key")
        return download(found, "log.pem", "application/x-pem-file")

    return [
        Route("/audit/proofs", listed),
        Route("/audit/proofs/log.pem", key),
        Route("/audit/proofs/{size}.txt", note),
        Route("/audit/proofs/{size}.json", consistency),
    ]


def download(content: bytes, name: str, media_type: str) -> Response:
    return Response(content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=media_type)
