"""Mail servers in a thread, on a loopback port of their own: a real one, and one that says what it is told to say."""

import asyncio
import socket
import ssl
import threading
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "mail@example.jp", "p/w: 1%"
ADDRESS = "127.0.0.1"
TAKES_A_MAIL = (
    *("220 mail.example.jp", "250 mail.example.jp", "250 sender", "250 recipient", "354 go on", "250 taken"),
    "221 bye",
)


class Taker:
    """aiosmtpd's handler."""

    def __init__(self, login: bool) -> None:
        self._login = login
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (its name)
        if self._login and not session.authenticated:
            return "530 log in first"
        self.taken.append(envelope)
        return "250 taken"


class MailServer:
    """`with MailServer(...) as server:` takes every mail into `server.taken`.

    `starttls` and `tls_first` are the two ways to TLS; with `login` nothing is taken without USER and PASSWORD.
    """

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        tls_first: ssl.SSLContext | None = None,
        login: bool = False,
    ) -> None:
        self._handler = Taker(login)
        self._tls_first = tls_first
        self._options: dict[str, Any] = {"hostname": "mail.example.jp", "tls_context": starttls}
        if login:
            self._options |= {"auth_require_tls": starttls is not None, "authenticator": self._knows}
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mail-server")

    @staticmethod
    def _knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword) -> AuthResult:
        known = login == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)  # the answer is the library's

    @property
    def taken(self) -> list[Envelope]:
        return self._handler.taken

    def _run(self) -> None:
        self._ended = asyncio.Event()
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        def connected() -> SMTP:
            return SMTP(self._handler, loop=self._loop, **self._options)

        server = await self._loop.create_server(connected, ADDRESS, 0, ssl=self._tls_first)
        self.port: int = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._ended.wait()
        server.close()
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()


class ScriptedServer:
    """Says one line after the other, each after it was spoken to, to one visitor; an empty one is silence for good.

    After the last it closes. `heard` has what was said to it.
    """

    def __init__(self, *lines: str) -> None:
        self._lines = lines
        self.heard: list[str] = []
        self._thread = threading.Thread(target=self._run, name="scripted-mail-server")

    def _run(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # nobody came
            return
        with connection, connection.makefile("rb") as spoken:
            for line in self._lines:
                if not line:
                    spoken.read()
                    return
                connection.sendall(f"{line}\r\n".encode())
                is_text = line.startswith("354") and self.heard[-1] == "data"
                heard = spoken.readline()
                while is_text and heard not in (b".\r\n", b""):
                    heard = spoken.readline()
                self.heard.append(heard.decode("latin-1").strip())

    def __enter__(self) -> Self:
        self._listener = socket.create_server((ADDRESS, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
