"""What every handler is given: the desk, the pages, the clock, and how to call the one and answer with the other."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from application.desk import IssuingDesk
from application.ports import Busy
from web.form_token import form_cookie, form_token, keep_form_cookie
from web.pages import Pages, SignedIn

P = ParamSpec("P")
T = TypeVar("T")


class Site:
    """`answer_floor` is in seconds (R3.9); `tries_waiting` bounds the password tries under way in this process."""

    def __init__(
        self,
        desk: IssuingDesk,
        pages: Pages,
        clock: Callable[[], datetime],
        *,
        answer_floor: float,
        tries_waiting: int,
        threads: int,
    ) -> None:
        self.desk = desk
        self.pages = pages
        self.clock = clock
        self.answer_floor = answer_floor
        self._threads = CapacityLimiter(threads)
        self._tries = CapacityLimiter(tries_waiting)
        self._work = CapacityLimiter(threads)
        self._jobs: set[asyncio.Task[None]] = set()

    async def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A blocking call to the desk, in a thread."""
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._threads)

    async def attempt(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A password try: in threads of their own, so that waiting ones never stop the other pages (R3.5)."""
        if self._tries.borrowed_tokens >= self._tries.total_tokens:
            raise Busy("too many tries in this process")
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._tries)

    def begin(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Work that goes on after the answer, in threads of its own; asyncio reports what it raises."""
        job = to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._work)
        task = asyncio.ensure_future(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def finish(self) -> None:
        """Let the work under way end before the process does."""
        await asyncio.gather(*self._jobs, return_exceptions=True)

    def page(
        self, request: Request, template: str, *, status: int = 200, user: SignedIn | None = None, **context: Any
    ) -> Response:
        cookie = form_cookie(request)
        response = self.pages.render(template, status=status, csrf_token=form_token(cookie), user=user, **context)
        keep_form_cookie(request, response, cookie)
        return response

    async def wait_for_the_floor(self, request: Request) -> None:
        """A refused try on a public form is answered no sooner than a fixed time after its arrival (R3.9)."""
        await anyio.sleep_until(request.state.arrived_at + self.answer_floor)
