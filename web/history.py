"""The own history, and for a master the organization's (R6.2; section 1)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.errors import InvalidInput
from web.sessions import signed_in, visitor
from web.site import Site, see_other


def before_of(request: Request) -> int | None:
    """A page's cursor, as its link has it."""
    typed = request.query_params.get("before")
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 9):
        raise InvalidInput(before="malformed")
    return int(typed)


def routes(site: Site) -> list[Route]:
    history = site.desk.history

    async def shown(request: Request) -> Response:
        who = await visitor(site, request)
        if who.session.must_change_password:
            return see_other("/home/password")
        of = request.query_params.get("of", "own")
        if of not in ("own", "organization"):
            raise InvalidInput(of="malformed")
        ask = history.of_organization if of == "organization" else history.of_user
        page = await site.ask(ask, who.user_id, before_of(request))
        home = await site.ask(site.desk.accounts.home, who)
        return site.page(request, "history.html", user=signed_in(who, home), of=of, page=page)

    return [Route("/home/history", shown)]
