"""The help pages (manual 4, 別紙1, ②, ⑦ and ⑧; R11), for everybody: the visitor's head only where a session is open.

The self-check shows what the server knows; `static/check.js` then tests the visitor's own browser. What it asks for
stands below its address: a picture that comes only where our cookie did, a small page, a file.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.browser import browser_of, tls_of, windows_of
from web.cookies import FORM, read
from web.helpdesk import is_open, next_opening
from web.identity import shown_line
from web.pages import address
from web.sessions import in_the_head
from web.site import Site

STATIC = Path(__file__).parent / "static"
SCRIPT = address(STATIC / "check.js")
FILE = (STATIC / "download-check.txt").read_bytes()
# One transparent pixel.
PICTURE = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
PAGES = {
    "/help": "help.html",
    "/help/issue": "help_issue.html",
    "/help/trouble": "help_trouble.html",
    "/help/edge": "help_edge.html",
    "/help/ie-mode": "help_ie_mode.html",
    "/help/import": "help_import.html",
}


def routes(site: Site) -> list[Route]:
    def page(template: str) -> Callable[[Request], Awaitable[Response]]:
        async def shown(request: Request) -> Response:
            return site.page(request, template, user=await in_the_head(site, request))

        return shown

    async def contact(request: Request) -> Response:
        now, service = site.clock(), site.pages.service
        return site.page(
            request,
            "help_contact.html",
            user=await in_the_head(site, request),
            is_open=is_open(now, service.helpdesk_opens, service.helpdesk_closes),
            next_opening=next_opening(now, service.helpdesk_opens),
        )

    async def check(request: Request) -> Response:
        user_agent = request.headers.get("user-agent", "")
        return site.page(
            request,
            "help_check.html",
            user=await in_the_head(site, request),
            script=SCRIPT,
            browser=browser_of(user_agent),
            windows=windows_of(user_agent),
            tls=tls_of(request),
            certificate=await shown_line(site, request),
            # This answer sets the cookie; that it is kept is seen at the next request.
            cookie="kept" if read(request, FORM) else "unseen",
        )

    async def picture(request: Request) -> Response:
        if read(request, FORM) is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return Response(PICTURE, media_type="image/gif")

    async def popup(request: Request) -> Response:
        return site.page(request, "help_popup.html")

    async def file(request: Request) -> Response:
        return Response(
            FILE,
            media_type="text/plain",
            headers={"Content-Disposition": 'attachment; filename="download-check.txt"'},
        )

    return [
        *(Route(path, page(template)) for path, template in PAGES.items()),
        Route("/help/contact", contact),
        Route("/help/check", check),
        Route("/help/check/cookie", picture),
        Route("/help/check/popup", popup),
        Route("/help/check/file", file),
    ]
