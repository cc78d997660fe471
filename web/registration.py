"""The master's first registration: the letter's password, the profile, 登録 (R7.2)."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import MasterProfile
from domain.errors import TryRefused
from web.cookies import REGISTRATION, drop, keep, read
from web.site import Site, see_other

PROFILE, CONFIRM, DONE = (f"/registration/master/{step}" for step in ("profile", "confirm", "done"))
TYPED = ("name", "email", "email_again", "user_id")  # shown again; a password never is


async def login_page(
    site: Site, request: Request, status: int, faults: Mapping[str, str], refusal: TryRefused | None
) -> Response:
    """Its answer to every refused try is one and the same (R3.9)."""
    typed = request.state.fields.get("organization_code", "")
    return site.page(
        request,
        "registration_login.html",
        status=status,
        organization_code=typed,
        faults=faults,
        refused=refusal is not None,
    )


async def profile_page(
    site: Site, request: Request, status: int, faults: Mapping[str, str], refusal: TryRefused | None
) -> Response:
    """Of the registrant that its handler has found."""
    registrant, fields = request.state.registrant, request.state.fields
    return site.page(
        request,
        "registration_profile.html",
        status=status,
        registration=registrant.id,
        organization=await site.ask(site.desk.registration.organization_name, registrant),
        typed={name: fields.get(name, "") for name in TYPED},
        faults=faults,
    )


def routes(site: Site) -> list[Route]:
    registration = site.desk.registration

    async def login(request: Request) -> Response:
        return await login_page(site, request, HTTPStatus.OK, {}, None)

    async def log_in(request: Request) -> Response:
        fields = await site.form(request)
        code = fields.get("organization_code", "")
        cookie = await site.public_attempt(
            request,
            f"organization {code}",  # no user ID has a blank
            registration.enter,
            code,
            fields.get("initial_password", ""),
            cookie=read(request, REGISTRATION),
        )
        response = await site.done(PROFILE)
        keep(response, REGISTRATION, cookie)
        return response

    async def profile(request: Request) -> Response:
        cookie, now = read(request, REGISTRATION), site.clock()
        request.state.registrant = await site.ask(registration.registrant, cookie, now)
        if request.state.registrant.user_id is not None:
            return see_other(DONE)
        if proposal := await site.ask(registration.proposal, cookie, now):
            typed = proposal.profile
            request.state.fields = {
                "name": typed.name,
                "email": typed.email,
                "email_again": typed.email,
                "user_id": typed.user_id,
            }
        return await profile_page(site, request, HTTPStatus.OK, {}, None)

    async def propose(request: Request) -> Response:
        fields = await site.form(request)
        cookie, now = read(request, REGISTRATION), site.clock()
        request.state.registrant = await site.ask(registration.registrant, cookie, now)
        typed = MasterProfile(
            name=fields.get("name", ""),
            email=fields.get("email", ""),
            user_id=fields.get("user_id", ""),
            password=fields.get("password", ""),
        )
        await site.attempt(
            registration.propose,
            cookie,
            fields.get("registration"),
            typed,
            fields.get("email_again", ""),
            fields.get("password_again", ""),
            now,
        )
        return await site.done(CONFIRM)

    async def confirmation(request: Request) -> Response:
        cookie, now = read(request, REGISTRATION), site.clock()
        registrant = await site.ask(registration.registrant, cookie, now)
        proposal = await site.ask(registration.proposal, cookie, now)
        if proposal is None or registrant.user_id is not None:
            return see_other(PROFILE)
        typed = proposal.profile
        return site.page(
            request,
            "registration_confirm.html",
            registration=registrant.id,
            profile=proposal.tag,
            organization=await site.ask(registration.organization_name, registrant),
            name=typed.name,
            email=typed.email,
            user_id=typed.user_id,
            until=registration.times_out_at(registrant),
        )

    async def register(request: Request) -> Response:
        fields = await site.form(request)
        await site.attempt(
            registration.register,
            read(request, REGISTRATION),
            fields.get("registration"),
            site.clock(),
            tag=fields.get("profile"),
        )
        return await site.done(DONE)

    async def cancel(request: Request) -> Response:
        fields = await site.form(request)
        cancelled = await site.ask(registration.cancel, read(request, REGISTRATION), fields.get("registration"))
        if not cancelled:  # 登録 came first
            return see_other(DONE)
        response = await site.done("/")
        drop(response, REGISTRATION)
        return response

    async def done(request: Request) -> Response:
        registrant = await site.ask(registration.registrant, read(request, REGISTRATION), site.clock())
        if registrant.user_id is None:
            return see_other(PROFILE)
        name = await site.ask(registration.organization_name, registrant)
        return site.page(request, "registration_done.html", organization=name, user_id=registrant.user_id)

    return [
        Route("/registration/master", login),
        Route("/registration/master", log_in, methods=["POST"]),
        Route(PROFILE, profile),
        Route(PROFILE, propose, methods=["POST"]),
        Route(CONFIRM, confirmation),
        Route(CONFIRM, register, methods=["POST"]),
        Route("/registration/master/cancel", cancel, methods=["POST"]),
        Route(DONE, done),
    ]
