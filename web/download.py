"""Files made while they are sent: few at once, none for ever, and what they hold is given back (R10.5)."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager

from anyio import CancelScope, fail_after, to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from application.ports import Busy

LONGEST = 30 * 60.0  # seconds, also for a client that no longer reads


class Turns:
    """So many at once, of those of one event loop."""

    def __init__(self, places: int) -> None:
        self._places = places

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises Busy."""
        if self._places <= 0:
            raise Busy("too many downloads in this process")
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1


class Download(StreamingResponse):
    """However it ends, also by a client that went away or by LONGEST, `chunks` is closed and then `held` given back."""

    def __init__(self, chunks: Generator[bytes, None, None], held: ExitStack, name: str, media_type: str) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(chunks, headers=headers, media_type=media_type)
        self._chunks, self._held = chunks, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            try:
                with fail_after(LONGEST):
                    await super().__call__(scope, receive, send)
            finally:
                with CancelScope(shield=True):
                    await to_thread.run_sync(self._chunks.close)
