"""What every handler is given: the desk, the pages, the clock, and how to call the one and answer with the other."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

import anyio
import structlog
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from application.desk import IssuingDesk
from application.ports import Busy
from web.form_token import form_cookie, form_token, keep_form_cookie, read_form
from web.languages import keep_language, language_of, switch_of
from web.limits import Limits, client_of, is_public
from web.pages import Pages, SignedIn

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


def see_other(where: str) -> Response:
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)


class Site:
    """`answer_floor` is in seconds (R3.9); `tries_waiting` bounds the password tries under way in this process.

    `settle` waits, bounded, until the read models have what was saved before.
    """

    def __init__(
        self,
        desk: IssuingDesk,
        pages: Pages,
        clock: Callable[[], datetime],
        settle: Callable[[], bool],
        limits: Limits,
        *,
        answer_floor: float,
        tries_waiting: int,
        threads: int,
    ) -> None:
        self.desk = desk
        self.pages = pages
        self.clock = clock
        self._settle = settle
        self.limits = limits
        self.answer_floor = answer_floor
        self._threads = CapacityLimiter(threads)
        self._tries = CapacityLimiter(tries_waiting)
        self._places_for_tries = tries_waiting
        self._work = CapacityLimiter(threads)
        self._waits = CapacityLimiter(threads)
        self._jobs: set[asyncio.Task[None]] = set()

    async def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A blocking call to the desk, in a thread."""
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._threads)

    async def attempt(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A password try: in threads of their own, so that waiting ones never stop the other pages (R3.5)."""
        # Counted here: a thread is borrowed only some steps later, and several tries would see the same one free.
        if self._places_for_tries <= 0:
            raise Busy("too many tries in this process")
        self._places_for_tries -= 1
        try:
            return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._tries)
        finally:
            self._places_for_tries += 1

    async def public_attempt(
        self, request: Request, user_id: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A try on a public form: refused ones count for the client's address (R3.10)."""

        def limited() -> T:
            with self.limits.trying(client_of(request), user_id):
                return call(*args, **kwargs)

        return await self.attempt(limited)

    async def form(self, request: Request) -> dict[str, str]:
        """The form of a POST, within the limit of the client's address. Raises TooMany, BadForm, BadFormToken."""
        if is_public(request.scope["path"]):
            await self.ask(self.limits.post, client_of(request))
        return await read_form(request)

    async def done(self, where: str, *, settled: bool = False) -> Response:
        """A command's answer: on to the page that shows what it did.

        `settled` where that page asks a read model: once that knows, or the wait is over.
        """
        # Where too many wait already, the read models are far behind, and waiting would only hold up the others.
        if settled and self._waits.borrowed_tokens < self._waits.total_tokens:
            await to_thread.run_sync(self._settle, limiter=self._waits)
        return see_other(where)

    def begin(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Work that goes on after the answer, in threads of its own."""
        job = to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._work)
        task = asyncio.ensure_future(job)
        self._jobs.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("work after the answer failed", exc_info=error)

    async def finish(self) -> None:
        """Let the work under way end before the process does."""
        await asyncio.gather(*self._jobs, return_exceptions=True)

    def page(
        self, request: Request, template: str, *, status: int = 200, user: SignedIn | None = None, **context: Any
    ) -> Response:
        cookie = form_cookie(request)
        token = form_token(request, cookie)
        # What is shown once, in answer to a form, would be lost by a change of the language.
        once = request.method == "POST" and status == HTTPStatus.OK
        response = self.pages.render(
            template,
            status=status,
            csrf_token=token,
            user=user,
            language=language_of(request),
            switch=None if once else switch_of(request),
            **context,
        )
        keep_form_cookie(request, response, cookie)
        keep_language(request, response)
        return response

    async def wait_for_the_floor(self, request: Request) -> None:
        """A refused try on a public form is answered no sooner than a fixed time after its arrival (R3.9)."""
        await anyio.sleep_until(request.state.arrived_at + self.answer_floor)
