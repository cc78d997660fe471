"""One organization as the bank's pages show it: its invitation, the acts on it, the letter's password (R7.2, R7.4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from application.sessions import Visitor
from domain.organization import Organization
from web.api_queries import Name
from web.bank_console import Console

Act = Literal["initialize", "release", "close"]


class InvitationLine(msgspec.Struct, frozen=True):
    """`letter`: waiting, expired or already_registered; `until` is when its initial password expires, or did.

    `held`: locked or blocked where no password is looked at now, right or wrong; `locked_until` is the lock's end.
    """

    letter: str
    until: datetime | None
    held: str | None
    locked_until: datetime | None


def invitation(home: Organization, now: datetime) -> InvitationLine:
    refusal, lockout = home.refusal(now), home.lockout
    letter = refusal.code if refusal else "waiting"
    if lockout.is_locked(now):
        return InvitationLine(letter, home.password_until, "locked", lockout.locked_until)
    return InvitationLine(letter, home.password_until, "blocked" if lockout.blocked else None, None)


def acts_on(home: Organization, now: datetime) -> Sequence[Act]:
    """Those that would do something."""
    if home.closed:
        return ()
    return ("initialize", "release", "close") if home.lockout.is_held(now) else ("initialize", "close")


async def told(console: Console, request: Request) -> dict[str, Any]:
    """From the organization itself, so that it is so already, however far the read models are behind."""
    code, now = console.named(request, "code", Name), console.site.clock()
    home, contact = await console.site.ask(console.site.desk.organizations.find, code)
    return {"home": home, "contact": contact, "invitation": invitation(home, now), "acts": acts_on(home, now)}


async def letter_page(
    console: Console, request: Request, who: Visitor, code: str, password: str, *, is_new: bool = False
) -> Response:
    """The initial password of a new letter, this once (R2.4, R7.1, R7.4)."""
    home, _ = await console.site.ask(console.site.desk.organizations.find, code)
    return await console.page(request, who, "bank_letter.html", home=home, password=password, is_new=is_new)
