"""User management: an organization's general users, as its master sees and keeps them (R1.1, R3.6, R6.2, R6.4)."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Contact
from application.sessions import Visitor
from domain.errors import AccountIsLocked, DomainError
from domain.user_account import UserAccount
from projections.answers import AccountRow, CertificateRow, Page
from web import csv
from web.acts import ActPages
from web.api_queries import Name
from web.member import HEAD, Act, acts_on, cells, member, newest
from web.query import converted, query_of
from web.site import Site
from web.views import Views

PATH = "/users"
MANY = 500  # rows asked for at a time; those of closed users are among them


class MembersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["html", "csv"] = "html"


def routes(site: Site, views: Views) -> list[Route]:
    pages, members = ActPages(site, "master"), site.desk.members

    async def every(question: Callable[..., Page[Any, Any]], **asked: str) -> list[Any]:
        """All rows that answer it now, however many pages they are."""
        now, rows, after = site.clock(), [], None
        while True:
            page = await site.ask(question, now, limit=MANY, after=after, **asked)
            rows += page.items
            after = page.next
            if after is None:
                return rows

    async def certificates(**asked: str) -> dict[str, CertificateRow]:
        return newest(await every(views.certificates, sort="-end", **asked))

    # ---- the list

    async def listed(request: Request) -> Response:
        who = await pages.actor(request)
        asked = converted(query_of(request), MembersQuery)
        home = await site.ask(members.organization, who.user_id)
        people = await site.ask(members.contacts, who.user_id)
        accounts: list[AccountRow] = await every(views.lock_status, organization=home.code)
        issued, now = await certificates(organization=home.code), site.clock()
        rows = [
            member(each.user_id, people[each.user_id], each.state, each.locked_until, issued.get(each.user_id), now)
            for each in accounts
            if each.user_id in people and each.state != "closed"
        ]

        async def once() -> AsyncIterator[Iterable[Sequence[csv.Cell]]]:
            yield map(cells, rows)

        if asked.format == "csv":
            return csv.download("users", now, HEAD, once())
        taken = len(home.general_users)
        return await pages.page(request, who, "members.html", rows=rows, taken=taken, most=members.most)

    # ---- registration

    async def new_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await pages.actor(request)  # anew: a wrong password may have blocked whoever typed it
        home = await site.ask(members.organization, who.user_id)
        full = len(home.general_users) >= members.most
        return await pages.act_page(
            request, who, "members_new.html", status, faults, refusal, full=full, most=members.most
        )

    async def ask_new(request: Request) -> Response:
        return await new_page(request, HTTPStatus.OK, {}, None)

    async def register(request: Request) -> Response:
        fields, who = await pages.form(request)
        request.state.again = partial(new_page, request)
        await pages.confirm(who, fields)
        user_id, name, email = (fields.get(each, "") for each in ("user_id", "name", "email"))
        now = site.clock()
        password = await site.ask(members.register, who.user_id, user_id, name, email, now)
        return await password_page(request, who, user_id, password, now, is_new=True)

    async def password_page(
        request: Request, who: Visitor, user_id: str, password: str, now: datetime, *, is_new: bool
    ) -> Response:
        """A generated password, this once (R2.4)."""
        account, person = await site.ask(members.find, who.user_id, user_id)
        until: datetime = account.password_until or now
        return await pages.page(
            request,
            who,
            "members_password.html",
            user_id=user_id,
            person=person,
            password=password,
            until=until,
            days=(until - now).days,
            is_new=is_new,
        )

    # ---- one of them

    async def found(request: Request, who: Visitor) -> tuple[UserAccount, Contact | None]:
        """Raises NotFound, alike for whoever is none of theirs (R1.3)."""
        return await site.ask(members.find, who.user_id, pages.named(request, "user_id", Name))

    async def told(request: Request, who: Visitor) -> dict[str, Any]:
        """From the account itself, so that it is so already, however far the read models are behind."""
        (account, person), now = await found(request, who), site.clock()
        hold = account.hold(now)
        until = hold.until if isinstance(hold, AccountIsLocked) else None
        certificate = (await certificates(user_id=account.user_id)).get(account.user_id)
        row = member(account.user_id, person, hold.code if hold else "open", until, certificate, now)
        return {"account": account, "row": row, "acts": acts_on(account, now), "now": now}

    async def shown_page(
        request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await pages.actor(request)
        context = await told(request, who)
        return await pages.act_page(request, who, "members_one.html", status, faults, refusal, **context)

    async def shown(request: Request) -> Response:
        return await shown_page(request, HTTPStatus.OK, {}, None)

    async def change(request: Request) -> Response:
        fields, who = await pages.form(request)
        user_id = (await found(request, who))[0].user_id
        request.state.again = partial(shown_page, request)
        await pages.confirm(who, fields)
        name, email = fields.get("name", ""), fields.get("email", "")
        await site.ask(members.change, who.user_id, user_id, name, email, site.clock())
        return await site.done(f"{PATH}/{user_id}")

    # ---- acts

    async def act_page(
        act: Act, request: Request, status: int, faults: Mapping[str, str], refusal: DomainError | None
    ) -> Response:
        who = await pages.actor(request)
        context = await told(request, who)
        return await pages.act_page(request, who, "members_act.html", status, faults, refusal, act=act, **context)

    async def ask(act: Act, request: Request) -> Response:
        return await act_page(act, request, HTTPStatus.OK, {}, None)

    async def confirmed(act: Act, request: Request) -> tuple[Visitor, str]:
        """Whose act it is, and on whom, once the own password was right."""
        fields, who = await pages.form(request)
        user_id = (await found(request, who))[0].user_id
        request.state.again = partial(act_page, act, request)
        await pages.confirm(who, fields)
        return who, user_id

    async def do(act: Act, decide: Callable[[str, str, datetime], object], request: Request) -> Response:
        who, user_id = await confirmed(act, request)
        await site.ask(decide, who.user_id, user_id, site.clock())
        return await site.done(f"{PATH}/{user_id}", settled=True)

    async def reset(request: Request) -> Response:
        who, user_id = await confirmed("reset", request)
        now = site.clock()
        password = await site.ask(members.reset_password, who.user_id, user_id, now)
        return await password_page(request, who, user_id, password, now, is_new=False)

    acts: dict[Act, Callable[..., Any]] = {
        "release": partial(do, "release", members.release),
        "suspend": partial(do, "suspend", members.suspend),
        "resume": partial(do, "resume", members.resume),
        "reset": reset,
        "close": partial(do, "close", members.close),
    }
    return [
        Route(PATH, listed),
        Route(f"{PATH}/new", ask_new),
        Route(f"{PATH}/new", register, methods=["POST"]),
        Route(PATH + "/{user_id}", shown),
        Route(PATH + "/{user_id}", change, methods=["POST"]),
        *(Route(f"{PATH}/{{user_id}}/{act}", partial(ask, act)) for act in acts),
        *(Route(f"{PATH}/{{user_id}}/{act}", done, methods=["POST"]) for act, done in acts.items()),
    ]
