"""① to ③: the login screen with its four buttons, and the certificate received (R5.1)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.cookies import NOTE, drop, read
from web.identity import shown_line
from web.site import Site


def routes(site: Site) -> list[Route]:
    async def entrance(request: Request) -> Response:
        response = site.page(
            request,
            "entrance.html",
            certificate=await shown_line(site, request),
            logged_out=read(request, NOTE) == "logged_out",
        )
        if NOTE in request.cookies:
            drop(response, NOTE)
        return response

    return [Route("/", entrance)]
