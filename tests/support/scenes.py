"""A browser before each form of the public pages and of one's own: what it would send is right (Q12).

The pages have led it there, with tickets and hidden fields of their own, so that a form is spoilt where it is spoilt
and right otherwise. Those behind the log-in are set by tests/support/scenes_of_acts.py.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from httpx2 import Response

from application.streams import load_account
from domain.fact import COMMAND_LINE
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.applicants import CODE, Letter, letter_to
from tests.support.browser import Browser, Server, certificate_of, serving
from tests.support.database import Dsn
from tests.support.house import MASTER, NINE, RIGHT, TARO, House
from tests.support.members import STAFF, person, settle
from tests.support.mutations import FORM, Fields, Sent, spoilt, written
from tests.support.registering import CANCEL, CONFIRM, LOGIN, PROFILE, TYPED, at_confirmation, at_profile
from web.form_token import FIELD

AT_THE_DOOR = 0.25  # of the mutations may spoil the form's token too, and then nothing else is looked at
SCENES = 12  # of one actor: the longer a person's history, the longer each page takes


@dataclass(frozen=True)
class Scene:
    """`fields` are all that the page's form sends, its token first."""

    browser: Browser
    path: str
    fields: Fields

    def send(self, sent: Sent) -> Response:
        content_type, body = sent
        return self.browser.send("POST", self.path, content=body, headers=[(b"content-type", content_type.encode())])

    def right(self) -> Sent:
        return FORM, written(self.fields)

    def spoilt(self, chance: random.Random) -> Sent:
        token, *others = self.fields
        if not others or chance.random() < AT_THE_DOOR:
            return spoilt(chance, self.fields)
        content_type, body = spoilt(chance, others)
        return content_type, written([token]) + b"&" + body


class Stage:
    """Where scenes are set, as often as one is used up: names are new each time, and there is one browser."""

    def __init__(self, house: House, server: Server, project: Callable[[], None]) -> None:
        self.house = house
        self.server = server
        self.project = project  # the read models then know all
        self.browser = server.browser(bugs_are_raised=False)
        self._numbers = iter(range(1, 1_000_000))
        self._letter: Letter | None = None
        self._masters: list[str] = []
        self._admins: list[str] = []

    @property
    def letter(self) -> Letter:
        """One that nobody uses up."""
        self._letter = self._letter or letter_to(self.house)
        return self._letter

    def name(self) -> str:
        """That nobody has: of a user, and in capitals of an organization."""
        return f"user{next(self._numbers):05}"

    def someone(self) -> str:
        """With an own password and no certificate, in an organization of his own."""
        name = self.name()
        self.house.one_of_many(name)
        return name

    def master(self) -> str:
        """Of an organization that has room for one more user."""
        if not self._masters:
            name = self.name()
            self.house.organization(name.upper())
            person(self.house, name, "master", name.upper())
            self.house.issue(name)
            self._masters = [name] * SCENES
        return self._masters.pop()

    def admin(self) -> str:
        if not self._admins:
            name = self.name()
            self.house.staff(name)
            self.house.desk.certification.issue_to_file(name, RIGHT, COMMAND_LINE, NINE)
            self._admins = [name] * SCENES
        return self._admins.pop()

    def stranger(self) -> Browser:
        """No certificate, no cookies."""
        self.browser.certificate = None
        self.browser.client.cookies.clear()
        return self.browser

    def inside(self, user_id: str) -> Browser:
        """Logged in, which also forgets wrong passwords."""
        browser = self.stranger()
        browser.certificate = certificate_of(self.house, user_id)
        assert browser.log_in(user_id).headers["location"] == "/home"
        return browser

    def before(self, page: str, path: str, **typed: str) -> Scene:
        """The form of `page` that goes to `path`, with this typed into it."""
        assert self.browser.open(page).status_code == 200
        return self.shown(path, path, **typed)

    def shown(self, action: str, path: str, **typed: str) -> Scene:
        """That form of the page shown; a button may send it elsewhere than to its own action."""
        fields = self.browser.page.form(action).fields | typed
        return Scene(self.browser, path, [(FIELD, fields.pop(FIELD)), *fields.items()])


SetScene = Callable[[Stage], Scene]


@pytest.fixture
def stage(house: House, dsn: Dsn) -> Iterator[Stage]:
    """A user, a master and a bank admin have a certificate."""
    house.organization()
    house.user()
    settle(house)
    for user_id in (TARO, MASTER):
        house.issue(user_id)
    house.desk.certification.issue_to_file(STAFF, RIGHT, COMMAND_LINE, NINE)
    views = CurrentViews(house.database).all
    with serving(house) as server, connect(dsn.process, "test") as connection:

        def project() -> None:
            for view in views:
                catch_up(connection, view, house.store)

        yield Stage(house, server, project)


# ---- ④ to ⑧


def authentication(stage: Stage) -> Scene:
    user_id = stage.someone()
    stage.stranger()
    return stage.before("/issuance", "/issuance", user_id=user_id, password=RIGHT)


def code(stage: Stage) -> Scene:
    user_id = stage.someone()
    stage.house.desk.organizations.set(user_id.upper(), COMMAND_LINE, NINE, issuance_code="on")
    stage.stranger().authenticate(user_id)
    stream = load_account(stage.house.store, user_id).stream
    [row] = stage.house.database.execute("select code from issuance_codes where owner = %s", stream)
    return stage.before("/issuance/code", "/issuance/code", code=str(row["code"]))


def confirmation(stage: Stage) -> Scene:
    stage.stranger().authenticate(stage.someone())
    return stage.before("/issuance/confirm", "/issuance/confirm")


def cancelling(stage: Stage) -> Scene:
    stage.stranger().authenticate(stage.someone())
    return stage.before("/issuance/confirm", "/issuance/cancel")


def closing(stage: Stage) -> Scene:
    confirmation(stage).browser.submit("/issuance/confirm")
    stage.server.finish_work()
    return stage.before("/issuance/result", "/issuance/close")


# ---- the first registration


def letter_login(stage: Stage) -> Scene:
    stage.letter.enter()
    stage.stranger()
    return stage.before(LOGIN, LOGIN, organization_code=CODE, initial_password=stage.letter.password)


def profile(stage: Stage) -> Scene:
    at_profile(stage.stranger(), stage.letter)
    return stage.shown(PROFILE, PROFILE, **TYPED | {"user_id": stage.name()})


def registration(stage: Stage) -> Scene:
    letter = letter_to(stage.house, stage.name().upper())
    at_confirmation(stage.stranger(), letter, user_id=stage.name())
    return stage.shown(CONFIRM, CONFIRM)


def registration_cancelling(stage: Stage) -> Scene:
    at_profile(stage.stranger(), stage.letter)
    return stage.shown(PROFILE, CANCEL)


# ---- in, out, and the own password


def login(stage: Stage) -> Scene:
    stage.inside(TARO)
    return stage.before("/login", "/login", user_id=TARO, password=RIGHT)


def logout(stage: Stage) -> Scene:
    stage.inside(TARO)
    return stage.before("/home", "/logout")


def own_password(stage: Stage) -> Scene:
    stage.house.own_password(TARO, RIGHT)
    stage.inside(TARO)
    new = {"password": "tulip2026", "password_again": "tulip2026"}
    return stage.before("/home/password", "/home/password", current_password=RIGHT, **new)


def own_email(stage: Stage) -> Scene:
    stage.inside(TARO)
    new = {"email": "another@example.com", "email_again": "another@example.com"}
    return stage.before("/home/email", "/home/email", current_password=RIGHT, **new)


PUBLIC: Mapping[str, SetScene] = {
    "/issuance": authentication,
    "/issuance/code": code,
    "/issuance/confirm": confirmation,
    "/issuance/cancel": cancelling,
    "/issuance/close": closing,
    "/login": login,
    "/logout": logout,
    LOGIN: letter_login,
    PROFILE: profile,
    CONFIRM: registration,
    CANCEL: registration_cancelling,
    "/home/password": own_password,
}
OWN: Mapping[str, SetScene] = {"/home/email": own_email}
