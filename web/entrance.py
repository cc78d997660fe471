"""① to ③: the login screen with its four buttons, and the certificate received (R5.1)."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.certificate import Certificate
from web.cookies import NOTE, drop, read
from web.identity import shown_certificate
from web.pages import ShownLine
from web.site import Site

# What the domain calls the fault, in the words of the line that names the certificate.
STATES: dict[str, Literal["expired", "not_yet_valid", "revoked", "superseded"]] = {
    "certificate_expired": "expired",
    "certificate_not_yet_valid": "not_yet_valid",
    "certificate_revoked": "revoked",
    "certificate_superseded": "superseded",
}


def fingerprint(request: Request) -> str | None:
    shown = shown_certificate(request.scope)
    return shown.fingerprint if shown else None


async def shown_line(site: Site, request: Request) -> ShownLine | None:
    """The line that names the certificate received and its state; None where none was."""
    known_by = fingerprint(request)
    if known_by is None:
        return None
    certificate: Certificate | None = await site.ask(site.desk.accounts.shown, known_by)
    if certificate is None or certificate.validity is None:
        return ShownLine(None, "unknown", None)
    fault = certificate.unusable(site.clock())
    return ShownLine(certificate.user_id, STATES[fault.code] if fault else "live", certificate.validity.last_day)


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

    async def registration(request: Request) -> Response:
        return site.page(request, "registration_later.html")

    return [Route("/", entrance), Route("/registration/master", registration)]
