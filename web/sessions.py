"""The open session of a request (R6.3)."""

from starlette.requests import Request

from application.accounts import Home
from application.ports import Busy, Unavailable, Unreadable
from application.sessions import Visitor
from domain.errors import DomainError
from web.cookies import SESSION, read
from web.identity import fingerprint
from web.limits import is_public
from web.pages import SignedIn
from web.site import Site


async def visitor(site: Site, request: Request) -> Visitor:
    """Raises SessionRefused. The session and its certificate are judged anew at every request."""
    return await site.ask(site.desk.sessions.visitor, read(request, SESSION), fingerprint(request), site.clock())


async def visitor_id(site: Site, request: Request) -> str | None:
    """The user ID of an open session, on pages that need none."""
    return await site.ask(site.desk.sessions.visitor_id, read(request, SESSION), fingerprint(request), site.clock())


async def in_the_head(site: Site, request: Request) -> SignedIn | None:
    """The visitor, for a page that tells a refusal where a session is open; on public pages, and in doubt, None."""
    if is_public(request.scope["path"]) or read(request, SESSION) is None:
        return None
    try:
        who = await visitor(site, request)
        return signed_in(who, await site.ask(site.desk.accounts.home, who))
    except (DomainError, Busy, Unavailable, Unreadable):
        return None


def signed_in(who: Visitor, home: Home) -> SignedIn:
    """For the page's head; an erased person is shown by the ID."""
    name = home.person.name if home.person else who.user_id
    return SignedIn(who.user_id, name, home.organization_name, home.account.role, who.session.must_change_password)
