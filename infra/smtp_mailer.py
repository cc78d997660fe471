"""Mail handed to a server: SMTP (RFC 5321) with TLS (RFC 3207, RFC 8314) and login (RFC 4954), as settings say (R8.5).

What a server answers in its own words stays here: it quotes addresses. The faults, in words of ours:

- the server's, so that any mail would fail now: `unreachable`, `timed_out`, `disconnected`, `busy` (4xx before a
  recipient is named, 421 always), `tls_not_offered`, `tls_failed`, `login_refused`, `sender_refused` (5xx up to the
  sender), `not_understood`;
- the mail's own: `refused_for_now` (4xx) and `refused` (5xx) for its recipient or its text, `unsendable`.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from threading import Timer
from urllib.parse import unquote, urlsplit

import msgspec

from application.mail_ports import Mail, MailFault
from infra.hosts import address_literal, names_loopback
from infra.mail_message import mail_message, wire_address
from infra.setting_types import StartTls

STEP = 20.0  # seconds for the server's answer to one command
WHOLE = 120.0  # seconds for a whole conversation, once connected: a claim of five minutes must outlive it
CLOSING = 421  # RFC 5321 3.8: "service not available, closing", at any time
LOGIN_NEEDED = 530  # RFC 4954 6, RFC 3207 4


class Server(msgspec.Struct, frozen=True):
    """What SHOMEI_SMTP_URL says. Without a port: 465 for smtps (RFC 8314 3.3), 587 with a login (RFC 6409), else 25."""

    host: str
    port: int
    is_tls_first: bool
    user: str | None
    password: str

    @classmethod
    def from_url(cls, url: str) -> "Server":
        parts = urlsplit(url)
        is_tls_first = parts.scheme == "smtps"
        port = parts.port or (465 if is_tls_first else 587 if parts.username else 25)
        user = unquote(parts.username) if parts.username else None
        return cls(parts.hostname or "", port, is_tls_first, user, unquote(parts.password or ""))

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"


class Line:
    """The connection, which is cut once the conversation has taken too long, wherever it stands."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.was_cut = False
        self._end = connection.dup()  # stays good when TLS takes the other over
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.was_cut = True
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._timer.cancel()
        self._timer.join()
        self._end.close()


class Conversation(smtplib.SMTP):
    """The standard library's, over a connection made before: what it makes itself nothing bounds as a whole."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        # Our name in EHLO, where we know of none (RFC 5321 4.1.1.1).
        super().__init__(local_hostname=address_literal(str(connection.getsockname()[0])))
        self._host = host  # what starttls() holds the certificate against
        self.sock = connection


class SmtpMailer:
    """application.mail_ports.Mailer, one connection a mail. `step` and `whole` are seconds, `tls` is whom to trust."""

    def __init__(
        self,
        server: Server,
        sender: Address,
        *,
        starttls: StartTls,
        step: float = STEP,
        whole: float = WHOLE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender = sender
        self.starttls = starttls
        self._step = step
        self._whole = whole
        self._tls = tls or ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        recipient, message = wire_address(mail.recipient), mail_message(mail, self._sender).as_bytes()
        connection = self._connected()
        line = Line(connection, self._whole)
        try:
            with faults(line), self._conversation(connection) as server:
                self._greet(server)
                self._hand_over(server, recipient, message)
        finally:
            line.close()

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection((self._server.host, self._server.port), self._step)
        except TimeoutError:
            raise MailFault("timed_out", is_servers=True) from None
        except (OSError, UnicodeError):  # the latter of a name that no DNS can hold
            raise MailFault("unreachable", is_servers=True) from None

    @contextmanager
    def _conversation(self, connection: socket.socket) -> Iterator[Conversation]:
        """Ended as RFC 5321 4.1.1.10 asks; what is said to a farewell changes nothing any more."""
        if self._server.is_tls_first:
            with connection:  # TLS takes the connection over, or else it is of no use
                connection = under_tls(connection, self._tls, self._server.host)
        server = Conversation(connection, self._server.host)
        try:
            yield server
        finally:
            with suppress(OSError):
                server.quit()
            server.close()

    def _greet(self, server: Conversation) -> None:
        welcome(server.getreply()[0])
        welcome(server.ehlo()[0])
        is_private = self._server.is_tls_first
        if not is_private and self.starttls != "never" and server.has_extn("starttls"):
            self._go_under_tls(server)
            is_private = True
        if not is_private and self.starttls == "required":
            raise MailFault("tls_not_offered", is_servers=True)
        if self._server.user is not None:
            if not is_private and not names_loopback(self._server.host):
                raise MailFault("tls_not_offered", is_servers=True)
            self._log_in(server, self._server.user)

    def _go_under_tls(self, server: Conversation) -> None:
        """What the server said in the clear is forgotten, also that it offers a login (RFC 3207 4.2)."""
        try:
            server.starttls(context=self._tls)
        except (smtplib.SMTPServerDisconnected, TimeoutError):
            raise
        except (OSError, ValueError):
            raise MailFault("tls_failed", is_servers=True) from None
        welcome(server.ehlo()[0])

    def _log_in(self, server: Conversation, user: str) -> None:
        try:
            server.login(user, self._server.password)
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPAuthenticationError as error:
            raise MailFault("busy" if 400 <= error.smtp_code < 500 else "login_refused", is_servers=True) from None
        except (
            smtplib.SMTPException,
            ValueError,
        ):  # no way that both know; a strange challenge
            raise MailFault("login_refused", is_servers=True) from None

    def _hand_over(self, server: Conversation, recipient: str, message: bytes) -> None:
        welcome(server.mail(self._sender.addr_spec)[0])
        judge(server.rcpt(recipient)[0])
        # The answer to a whole mail takes its time, and whoever gives up too early sends it twice (RFC 5321 4.5.3.2.6).
        if server.sock:
            server.sock.settimeout(self._whole)
        try:
            judge(server.data(message)[0])
        except smtplib.SMTPDataError as error:
            judge(error.smtp_code)
            raise
        finally:
            if server.sock:
                server.sock.settimeout(self._step)


def under_tls(connection: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    try:
        return tls.wrap_socket(connection, server_hostname=host)
    except TimeoutError:
        raise
    except (OSError, ValueError):
        raise MailFault("tls_failed", is_servers=True) from None


def welcome(code: int) -> None:
    """An answer before a recipient is named. Raises MailFault, always the server's."""
    if code == LOGIN_NEEDED:
        raise MailFault("login_refused", is_servers=True)
    match code // 100:
        case 2:
            return
        case 4:
            raise MailFault("busy", is_servers=True)
        case 5:
            raise MailFault("sender_refused", is_servers=True)
    raise MailFault("not_understood", is_servers=True)


def judge(code: int) -> None:
    """An answer about the recipient or the text. Raises MailFault, mostly of this mail alone."""
    if code // 100 not in (4, 5) or code in (CLOSING, LOGIN_NEEDED):
        welcome(code)
    else:
        raise MailFault("refused_for_now" if code < 500 else "refused", is_servers=False)


@contextmanager
def faults(line: Line) -> Iterator[None]:
    """What the standard library raises, as MailFault; it hides a timeout behind a disconnection."""
    try:
        yield
    except MailFault as fault:
        if line.was_cut:
            raise MailFault("timed_out", is_servers=True) from None
        raise fault from None
    except smtplib.SMTPResponseException:
        raise MailFault("not_understood", is_servers=True) from None
    except OSError as error:
        late = line.was_cut or isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
        raise MailFault("timed_out" if late else "disconnected", is_servers=True) from None
