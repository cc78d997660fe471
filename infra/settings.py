"""All settings, each in one place with its default, range, meaning and unit (screens.md, Settings; style 26).

Read once from the environment and `.env`: the environment wins, an empty value counts as not set, and an unknown
`SHOMEI_*` name stops the start. `docs/settings.md` lists them for people, and a test holds it against this file.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from dotenv import dotenv_values
from msgspec import Meta, field, inspect
from msgspec.structs import force_setattr
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from domain.policy import Policy
from infra.hosts import names_loopback
from infra.setting_types import (
    DatabaseUrl,
    Failpoint,
    Host,
    Hour,
    Label,
    MailAddress,
    PlainUrl,
    Port,
    PrivatePort,
    Rate,
    Rounds,
    SmtpUrl,
    StartTls,
    WebUrl,
)

PREFIX = "SHOMEI_"
SWITCH = {"on": True, "off": False}
IN_HOME = Path()  # stands for: authority-passphrase in `home`


class SettingsError(Exception):
    """One sentence: which variable, what is wrong, what is allowed. Never the value, which may hold a password."""


def means(meaning: str, default: str | None = None) -> Meta:
    """`default` in words, where it is no fixed value."""
    return Meta(description=meaning, extra_json_schema={"default": default} if default else None)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The variable of a field is SHOMEI_ and its name in upper case, but for DATABASE_URL."""

    home: Annotated[
        Path,
        means(
            "folder of authority, passphrase and tree heads; embedded, of database, too",
            "./var (root: /var/lib/shomei)",
        ),
    ] = field(default_factory=lambda: Path("var") if os.geteuid() else Path("/var/lib/shomei"))
    database_url: Annotated[
        DatabaseUrl | None, means("a PostgreSQL of your own, as the processes' role", "none: embedded")
    ] = None
    migration_url: Annotated[
        DatabaseUrl | None, means("the same database as its owner, for `migrate`", "DATABASE_URL")
    ] = None
    pg_bindir: Annotated[
        Path | None, means("directory of initdb, pg_ctl and postgres for the embedded start", "none: the wheel's")
    ] = None

    host: Annotated[Host, means("name or address that web listens on")] = "localhost"
    port: Annotated[Port, means("port that web listens on (TLS)")] = 8443
    socket: Annotated[Path | None, means("Unix socket to listen on instead, behind nginx", "none")] = None
    public_url: Annotated[WebUrl, means("address that mails carry", "from SHOMEI_HOST and SHOMEI_PORT")] = ""
    pki_port: Annotated[Port, means("port for OCSP, CRL and the authority's certificates (plain HTTP)")] = 8480
    pki_url: Annotated[
        PlainUrl, means("base of CDP, OCSP and AIA in certificates", "http://127.0.0.1:8480, or SHOMEI_PKI_PORT")
    ] = ""
    private_port: Annotated[PrivatePort, means("port for metrics and API tokens (plain HTTP, loopback); 0 = none")] = (
        8481
    )
    web_workers: Annotated[int, Meta(ge=1, le=64), means("web processes")] = 1

    rate_posts: Annotated[Rate, means("POSTs a minute from one address; 0 = no limit")] = 120
    rate_ids: Annotated[Rate, means("user IDs that fail an hour from one address; 0 = no limit")] = 10
    rate_tokens: Annotated[Rate, means("requests a minute by one account's API tokens; 0 = no limit")] = 600
    answer_floor_ms: Annotated[int, Meta(ge=0, le=10_000), means("milliseconds before a refusal is answered")] = 400
    tries_waiting: Annotated[int, Meta(ge=1, le=10_000), means("tries waiting for their turn in one process")] = 64
    password_checks: Annotated[
        int, Meta(ge=1, le=256), means("argon2id computations at once in one process", "number of processors")
    ] = field(default_factory=lambda: os.cpu_count() or 1)

    key_type: Annotated[Literal["p256", "rsa2048", "rsa3072"], means("keys of user certificates")] = "p256"
    supersede: Annotated[
        Literal["first_login", "at_expiry", "now"], means("when a renewal ends the certificate before it")
    ] = "first_login"
    approval: Annotated[
        Literal["one_person", "two_persons"], means("how many decide on revocation and initialization")
    ] = "one_person"
    renewal_needs_certificate: Annotated[bool, means("issue asks for the certificate that is being renewed")] = False
    authority_passphrase_file: Annotated[
        Path, means("file with the passphrase of the authority's keys", "authority-passphrase in SHOMEI_HOME")
    ] = IN_HOME
    p12_key_rounds: Annotated[Rounds, means("iterations on the key of a p12")] = 100_000
    p12_certificate_rounds: Annotated[Rounds, means("iterations on the certificates of a p12")] = 100_000
    p12_mac_rounds: Annotated[Rounds, means("iterations on the MAC of a p12")] = 100_000
    first_password_days: Annotated[int, Meta(ge=1, le=366), means("days that a first or reset password lives")] = 14
    letter_password_days: Annotated[int, Meta(ge=1, le=366), means("days that a master's letter lives")] = 80
    general_users: Annotated[int, Meta(ge=1, le=9_999), means("general users of one organization at most")] = 19

    smtp_url: Annotated[SmtpUrl | None, means("mail server", "none: a Maildir, embedded on loopback only")] = None
    smtp_starttls: Annotated[
        StartTls | None, means("whether smtp:// goes on under TLS", "required; on a loopback address if_offered")
    ] = None
    mail_from: Annotated[
        MailAddress | None, means("address that mails come from", "no-reply at SHOMEI_PUBLIC_URL's host")
    ] = None
    mail_issued: Annotated[bool, means("mail when a certificate was issued")] = True
    mail_revoked: Annotated[bool, means("mail when a certificate was revoked")] = False
    mail_released: Annotated[bool, means("mail when an account was released")] = False
    mail_heads: Annotated[bool, means("mail the log's newest signed head to each auditor, daily")] = True
    mail_hour: Annotated[Hour, means("hour (JST) from which expiry mails are sent")] = 8

    bank_name: Annotated[Label, means("the bank's name on pages and in mails")] = "サンプル労働金庫"
    service_name: Annotated[Label, means("the service's name on pages and in mails")] = "証明書サービス"
    helpdesk_name: Annotated[Label, means("the helpdesk's name")] = "証明書サービス ヘルプデスク"
    helpdesk_phone: Annotated[Label, means("the helpdesk's telephone number")] = "0120-000-000"
    helpdesk_opens: Annotated[Hour, means("hour (JST) from which the helpdesk answers")] = 9
    helpdesk_closes: Annotated[int, Meta(ge=1, le=24), means("hour (JST) from which it no longer does")] = 18

    demo: Annotated[bool, means("demo accounts, in a new embedded database on loopback only")] = True
    failpoint: Annotated[Failpoint | None, means("for tests only: where the process kills itself", "none")] = None
    log_format: Annotated[Literal["text", "json"], means("how a log line is written")] = "text"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], means("least level that is logged")] = "info"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Raises SettingsError."""
        return cls.read(os.environ, Path(".env"))

    @classmethod
    def read(cls, environ: Mapping[str, str], dotenv: Path | None) -> "Settings":
        """Raises SettingsError; `dotenv` need not exist."""
        known = {entry.variable: entry for entry in entries()}
        values: dict[str, Any] = {}
        for variable, text in {**_from_file(dotenv), **_filled(environ)}.items():
            if entry := known.get(variable):
                values[entry.name] = entry.parsed(text)
            elif variable.startswith(PREFIX):
                bare = {name.removeprefix(PREFIX): name for name in known}
                near = difflib.get_close_matches(variable.removeprefix(PREFIX), bare, n=1)
                hint = f"did you mean {bare[near[0]]}?" if near else "docs/settings.md lists those there are."
                raise SettingsError(f"{variable} is no setting; {hint}")
        return cls(**values)

    def __post_init__(self) -> None:
        """Fills in what follows from other settings. Raises SettingsError where two contradict each other."""
        if self.migration_url and not self.database_url:
            raise SettingsError("SHOMEI_MIGRATION_URL is set but DATABASE_URL is not: set both or neither.")
        for variable, address in (("DATABASE_URL", self.database_url), ("SHOMEI_MIGRATION_URL", self.migration_url)):
            try:
                conninfo_to_dict(address or "")
            except ProgrammingError:  # whose message quotes the password
                raise SettingsError(
                    f"{variable} is no address that PostgreSQL understands: percent-encode what is special in it."
                ) from None
        if self.helpdesk_opens >= self.helpdesk_closes:
            raise SettingsError("SHOMEI_HELPDESK_CLOSES must be a later hour than SHOMEI_HELPDESK_OPENS.")
        for variable, url in (("SMTP", self.smtp_url), ("PUBLIC", self.public_url), ("PKI", self.pki_url)):
            if not _has_port_in_range(url or ""):
                raise SettingsError(f"{PREFIX}{variable}_URL names a port that is not allowed: it must be 1 to 65535.")
        host = f"[{self.host}]" if ":" in self.host else self.host
        authority = host if self.port == 443 else f"{host}:{self.port}"  # as browsers write it in Origin
        force_setattr(self, "migration_url", self.migration_url or self.database_url)
        force_setattr(self, "public_url", (self.public_url or f"https://{authority}").rstrip("/"))
        force_setattr(self, "pki_url", (self.pki_url or f"http://127.0.0.1:{self.pki_port}").rstrip("/"))
        if self.authority_passphrase_file == IN_HOME:
            force_setattr(self, "authority_passphrase_file", self.home / "authority-passphrase")

    def __repr__(self) -> str:
        return "Settings(…)"  # some of them hold passwords

    @property
    def is_embedded(self) -> bool:
        return self.database_url is None

    @property
    def is_loopback(self) -> bool:
        """Whether web can be reached from this machine only; behind a Unix socket stands nginx, and anybody."""
        return not self.socket and names_loopback(self.host)

    @property
    def mailbox(self) -> Path | None:
        """Where mails are kept instead of sent: only in the embedded start on a loopback address (R8.5)."""
        return self.home / "mailbox" if self.smtp_url is None and self.is_embedded and self.is_loopback else None

    @property
    def demo_allowed(self) -> bool:
        return self.demo and self.is_embedded and self.is_loopback

    def policy(self) -> Policy:
        return Policy(
            first_password_life=timedelta(days=self.first_password_days),
            letter_password_life=timedelta(days=self.letter_password_days),
            general_users=self.general_users,
            approval=self.approval,
            supersede=self.supersede,
            renewal_needs_certificate=self.renewal_needs_certificate,
            mail_hour=self.mail_hour,
            mail_when_issued=self.mail_issued,
            mail_when_revoked=self.mail_revoked,
            mail_when_released=self.mail_released,
        )


class Entry(msgspec.Struct, frozen=True):
    """What the class above says of one field; `default` in words, `like` an example where a pattern rules."""

    name: str
    kind: inspect.Type
    meaning: str
    default: str
    like: str

    @property
    def variable(self) -> str:
        return "DATABASE_URL" if self.name == "database_url" else PREFIX + self.name.upper()

    @property
    def allowed(self) -> str:
        match self.kind:
            case inspect.BoolType():
                return " or ".join(SWITCH)
            case inspect.IntType(ge=least, le=most):
                return f"a whole number from {least} to {most}"
            case inspect.LiteralType(values=choices):
                return " or ".join(map(str, choices))
            case inspect.StrType(max_length=int(most)):
                return f"at most {most} visible letters on one line"
            case _:
                return self.like

    def parsed(self, text: str) -> object:
        """Raises SettingsError."""
        match self.kind:
            case inspect.CustomType():  # a Path: there is no other
                return Path(text)
            case inspect.BoolType() if text in SWITCH:
                return SWITCH[text]
            case inspect.IntType(ge=int(least), le=int(most)) if re.fullmatch("[0-9]{1,9}", text):
                if least <= int(text) <= most:
                    return int(text)
            case inspect.LiteralType(values=choices) if text in choices:
                return text
            case inspect.StrType(max_length=most, pattern=pattern) if len(text) <= (most or len(text)):
                if re.search(pattern or "", text) and is_readable(text):
                    return text
        raise SettingsError(f"{self.variable} has a value that is not allowed: it must be {self.allowed}.")


def entries() -> Iterator[Entry]:
    """Of all settings, in the order of the class."""
    for field_ in msgspec.structs.fields(Settings):
        kind, notes = inspect.type_info(field_.type), dict[str, Any]()
        while isinstance(kind, inspect.Metadata | inspect.UnionType):
            if isinstance(kind, inspect.Metadata):
                notes |= kind.extra_json_schema or {}
                kind = kind.type
            else:
                kind = kind.types[0]  # the other is None
        fixed = ("off", "on")[field_.default] if isinstance(kind, inspect.BoolType) else str(field_.default)
        like = f"like {notes['examples'][0]}" if "examples" in notes else ""
        yield Entry(field_.name, kind, notes["description"], notes.get("default", fixed), like)


def describe() -> list[tuple[str, str, str]]:
    """Of each setting its variable, its default, and its meaning with what is allowed."""
    return [(one.variable, one.default, f"{one.meaning}; {one.allowed}".rstrip("; ")) for one in entries()]


def is_readable(text: str) -> bool:
    """No control or bidirectional character: the certificates' profile refuses such a bank's name, too late."""
    return text.replace("\u3000", " ").isprintable()  # Python takes the full-width blank for unprintable


def _filled(values: Mapping[str, str | None]) -> dict[str, str]:
    return {variable: text.strip() for variable, text in values.items() if text and text.strip()}


def _from_file(dotenv: Path | None) -> dict[str, str]:
    try:
        return _filled(dotenv_values(dotenv, interpolate=False)) if dotenv else {}  # a $ in a password is a $
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{dotenv} can't be read: it must be UTF-8 text that this account may read.") from None


def _has_port_in_range(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
