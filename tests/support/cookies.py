"""A browser's cookies, one of them spoilt at a time, at a form and on a page that read it (Q12)."""

from collections.abc import Mapping
from dataclasses import dataclass

from httpx2 import Response
from starlette.requests import Request

from tests.support.mutations import FORM as FORM_TYPE
from tests.support.mutations import written
from tests.support.registering import PROFILE
from tests.support.scenes import (
    Scene,
    SetScene,
    Stage,
    authentication,
    confirmation,
    logout,
    own_email,
    profile,
)
from web import cookies
from web.cookies import FORM, LANGUAGE, NOTE, REGISTRATION, SESSION, TICKET, read
from web.form_token import FIELD, form_token

COOKIES = tuple(name for name in vars(cookies).values() if isinstance(name, str) and name.startswith("__Host-"))
OPENING = (SESSION, TICKET, REGISTRATION)  # only as we gave them
READ_AT: Mapping[str, tuple[SetScene, str]] = {
    SESSION: (own_email, "/home"),
    TICKET: (confirmation, "/issuance/confirm"),
    REGISTRATION: (profile, PROFILE),
    FORM: (authentication, "/help/check/cookie"),
    NOTE: (logout, "/"),
    LANGUAGE: (authentication, "/issuance"),
}
UNASKED = {NOTE: "logged_out", LANGUAGE: "en"}  # not set on the way to every form


@dataclass(frozen=True)
class Jar:
    """The cookies at a form that reads the one called `name`, which `page` reads too."""

    name: str
    page: str
    scene: Scene
    values: Mapping[str, bytes]

    @classmethod
    def of(cls, name: str, stage: Stage) -> "Jar":
        set_scene, page = READ_AT[name]
        scene = set_scene(stage)
        values = UNASKED | scene.browser.cookies
        return cls(name, page, scene, {each: value.encode() for each, value in values.items()})

    @property
    def right(self) -> bytes:
        return self.values[self.name]

    def line(self, value: bytes) -> bytes:
        """The header, with this value for the one."""
        return b"; ".join(each.encode() + b"=" + kept for each, kept in {**self.values, self.name: value}.items())

    def get(self, path: str, line: bytes) -> Response:
        self.scene.browser.client.cookies.clear()
        return self.scene.browser.send("GET", path, headers=[(b"cookie", line)])

    def post(self, line: bytes) -> Response:
        """With the token that a page of ours would carry for these cookies, so that they are looked at themselves."""
        self.scene.browser.client.cookies.clear()
        request = self._request(line)
        token = form_token(request, read(request, FORM) or "")
        return self.scene.browser.send(
            "POST",
            self.scene.path,
            content=written([(FIELD, token), *self.scene.fields[1:]]),
            headers=[(b"cookie", line), (b"content-type", FORM_TYPE.encode())],
        )

    def opens(self, line: bytes) -> bool:
        """Whether the one may still open something: it is read as it was given, or never opened anything."""
        return self.name not in OPENING or read(self._request(line), self.name) == self.right.decode()

    def _request(self, line: bytes) -> Request:
        return Request({"type": "http", "path": self.scene.path, "headers": [(b"cookie", line)]})
