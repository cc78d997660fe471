"""The open session of a request (R6.3)."""

from starlette.requests import Request

from application.accounts import Home, Visitor
from web.cookies import SESSION, read
from web.entrance import fingerprint
from web.pages import SignedIn
from web.site import Site


async def visitor(site: Site, request: Request) -> Visitor:
    """Raises SessionRefused. The session and its certificate are judged anew at every request."""
    return await site.ask(site.desk.accounts.visitor, read(request, SESSION), fingerprint(request), site.clock())


async def visitor_id(site: Site, request: Request) -> str | None:
    """The user ID of an open session, on pages that need none."""
    return await site.ask(site.desk.accounts.visitor_id, read(request, SESSION), fingerprint(request), site.clock())


def signed_in(who: Visitor, home: Home) -> SignedIn:
    """For the page's head; an erased person is shown by the ID."""
    name = home.person.name if home.person else who.user_id
    return SignedIn(who.user_id, name, home.organization_name, home.account.role, who.session.must_change_password)
