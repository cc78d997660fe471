"""Behind the login: the login itself, the first page, password and mail address, log-out (R2.4, R6)."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.accounts import Home
from application.sessions import Visitor
from domain.errors import AccountIsLocked, DomainError, TryRefused
from domain.validity import Validity
from web.cookies import NOTE, SESSION, drop, keep, read
from web.identity import fingerprint, shown_line
from web.pages import OwnAccount, OwnCertificate
from web.sessions import signed_in, visitor
from web.site import Site, see_other


def held_until(site: Site, refusal: DomainError | None) -> dict[str, Any]:
    """What a page tells behind a certificate: the state, and the minutes left of a lock (R3.9)."""
    if not isinstance(refusal, AccountIsLocked):
        return {"refused": refusal.code if refusal else None, "until": None, "minutes": None}
    seconds = (refusal.until - site.clock()).total_seconds()
    return {"refused": refusal.code, "until": refusal.until, "minutes": max(1, int(-(-seconds // 60)))}


async def login_page(
    site: Site, request: Request, status: int, faults: Mapping[str, str], refusal: TryRefused | None
) -> Response:
    return site.page(
        request,
        "login.html",
        status=status,
        user_id=request.state.fields.get("user_id", ""),
        faults=faults,
        certificate=await shown_line(site, request),
        **held_until(site, refusal),
    )


async def password_page(
    site: Site, request: Request, status: int, faults: Mapping[str, str], refusal: TryRefused | None
) -> Response:
    who = await visitor(site, request)
    home = await site.ask(site.desk.accounts.home, who)
    return site.page(
        request,
        "password.html",
        status=status,
        user=signed_in(who, home),
        forced=who.session.must_change_password,
        faults=faults,
        **held_until(site, refusal),
    )


async def email_page(
    site: Site, request: Request, status: int, faults: Mapping[str, str], refusal: TryRefused | None
) -> Response:
    who = await visitor(site, request)
    home = await site.ask(site.desk.accounts.home, who)
    return site.page(
        request,
        "email.html",
        status=status,
        user=signed_in(who, home),
        email=home.person.email if home.person else None,
        typed=request.state.fields,
        faults=faults,
        **held_until(site, refusal),
    )


def own_certificate(site: Site, who: Visitor, found: Home) -> OwnCertificate:
    validity: Validity = who.certificate.validity  # type: ignore[assignment]  # one that logged in has been issued
    now = site.clock()
    return OwnCertificate(
        serial=str(who.certificate.serial),
        last_day=validity.last_day,
        days_left=validity.days_left(now),
        renewable_from=validity.renewable_from,
        renewable=validity.is_renewable(now) and not found.renewed,
    )


def routes(site: Site) -> list[Route]:
    accounts, sessions = site.desk.accounts, site.desk.sessions

    async def login(request: Request) -> Response:
        await site.ask(sessions.usable, fingerprint(request), site.clock())
        return await login_page(site, request, HTTPStatus.OK, {}, None)

    async def log_in(request: Request) -> Response:
        fields = await site.form(request)
        user_id = fields.get("user_id", "")
        cookie, change_due = await site.public_attempt(
            request,
            user_id,
            sessions.log_in,
            user_id,
            fields.get("password", ""),
            fingerprint(request),
            site.clock(),
        )
        response = await site.done("/home/password" if change_due else "/home")
        keep(response, SESSION, cookie)
        return response

    async def log_out(request: Request) -> Response:
        await site.form(request)
        await site.ask(sessions.log_out, read(request, SESSION), site.clock())
        response = await site.done("/")
        drop(response, SESSION)
        keep(response, NOTE, "logged_out")
        return response

    def at_home(cookie: str | None, known_by: str | None, now: datetime) -> tuple[Visitor, Home | None]:
        who = sessions.visitor(cookie, known_by, now)
        return who, None if who.session.must_change_password else accounts.home(who)

    async def home(request: Request) -> Response:
        who, found = await site.ask(at_home, read(request, SESSION), fingerprint(request), site.clock())
        if found is None:
            return see_other("/home/password")
        account = found.account
        return site.page(
            request,
            "home.html",
            user=signed_in(who, found),
            certificate=own_certificate(site, who, found),
            last_login=found.last_login,
            failures_since=found.failures_since,
            account=OwnAccount(
                user_id=account.user_id,
                role=account.role,
                organization=found.organization_name,
                email=found.person.email if found.person else None,
                password_changed_at=account.password_changed_at,
            ),
            replaced=who.session.replaced_another,
        )

    async def password(request: Request) -> Response:
        return await password_page(site, request, HTTPStatus.OK, {}, None)

    async def change_password(request: Request) -> Response:
        fields = await site.form(request)
        who = await visitor(site, request)
        await site.attempt(
            accounts.change_password,
            who.user_id,
            fields.get("current_password", ""),
            fields.get("password", ""),
            fields.get("password_again", ""),
            session=read(request, SESSION),
        )
        return await site.done("/home")

    async def email(request: Request) -> Response:
        if (await visitor(site, request)).session.must_change_password:
            return see_other("/home/password")
        return await email_page(site, request, HTTPStatus.OK, {}, None)

    async def change_email(request: Request) -> Response:
        fields = await site.form(request)
        who = await visitor(site, request)
        if who.session.must_change_password:
            return see_other("/home/password")
        await site.attempt(
            accounts.change_email,
            who.user_id,
            fields.get("current_password", ""),
            fields.get("email", ""),
            fields.get("email_again", ""),
        )
        return await site.done("/home")

    return [
        Route("/login", login),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
        Route("/home", home),
        Route("/home/password", password),
        Route("/home/password", change_password, methods=["POST"]),
        Route("/home/email", email),
        Route("/home/email", change_email, methods=["POST"]),
    ]
