"""The mails that are kept instead of sent, as the embedded start on a loopback address shows them (R8.5)."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Protocol

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.limits import client_of
from web.site import Site

SHOWN = 200  # mails of the list at most


class KeptMail(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is its Date; `body` is plain text."""

    mail_id: str
    at: datetime
    recipient: str
    subject: str
    body: str


class Mailbox(Protocol):
    def newest(self, limit: int) -> list[KeptMail]: ...

    def find(self, mail_id: str) -> KeptMail | None: ...


def comes_from_here(request: Request) -> bool:
    return ip_address(client_of(request)).is_loopback


def routes(site: Site, mailbox: Mailbox | None) -> list[Route]:
    """None where mails are sent: there is no such page."""
    if mailbox is None:
        return []

    def for_here_alone(page: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            if not comes_from_here(request):
                raise HTTPException(HTTPStatus.NOT_FOUND)
            return await page(request)

        return guarded

    async def list_mails(request: Request) -> Response:
        return site.page(request, "mailbox.html", mails=await site.ask(mailbox.newest, SHOWN), most=SHOWN)

    async def show_mail(request: Request) -> Response:
        mail = await site.ask(mailbox.find, request.path_params["mail_id"])
        if mail is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return site.page(request, "mail.html", mail=mail)

    return [
        Route("/dev/mailbox", for_here_alone(list_mails)),
        Route("/dev/mailbox/{mail_id}", for_here_alone(show_mail)),
    ]
