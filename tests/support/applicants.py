"""Masters with the bank's letter in their hands, each in a browser: tests of the first registration (R7.2)."""

from contextlib import suppress
from dataclasses import dataclass

import msgspec

from application.ports import MasterProfile
from application.streams import load_organization
from domain.errors import TryRefused
from domain.fact import Fact
from domain.organization import Organization
from tests.support.house import MASTER, WRONG, House

CODE = "BETA01"
OWN_PASSWORD = "tulip2026"
PROFILE = MasterProfile(name="見本 花子", email="hanako@example.com", user_id=MASTER, password=OWN_PASSWORD)


@dataclass(frozen=True)
class Letter:
    """`password` is the one printed in it; each step takes the cookie of the browser."""

    house: House
    password: str
    code: str = CODE

    def enter(self, password: str | None = None, house: House | None = None, cookie: str | None = None) -> str:
        """In any process's house; returns the browser's cookie."""
        desk = (house or self.house).desk
        return desk.registration.enter(self.code, self.password if password is None else password, cookie=cookie)

    def fail(self, times: int) -> None:
        for _ in range(times):
            with suppress(TryRefused):
                self.enter(WRONG)

    def form(self, cookie: str) -> str:
        """What the page's form carries."""
        return self.house.desk.registration.registrant(cookie, self.house.clock()).id

    def propose(self, cookie: str, **changes: str) -> None:
        """次へ, with everything typed twice alike."""
        typed = msgspec.structs.replace(PROFILE, **changes)
        self.house.desk.registration.propose(cookie, None, typed, typed.email, typed.password, self.house.clock())

    def proposed(self, **changes: str) -> str:
        """A browser before 登録; returns its cookie."""
        cookie = self.enter()
        self.propose(cookie, **changes)
        return cookie

    def tag(self, cookie: str) -> str:
        """Of the newest 次へ."""
        proposal = self.house.desk.registration.proposal(cookie, self.house.clock())
        assert proposal is not None
        return proposal.tag

    def register(self, cookie: str, house: House | None = None, tag: str | None = None) -> None:
        """登録."""
        (house or self.house).desk.registration.register(cookie, None, self.house.clock(), tag=tag)

    def record(self, fact: Fact) -> None:
        """What another button decides on the organization meanwhile."""
        found = load_organization(self.house.store, self.code)
        self.house.store.save(found.changes([fact]))

    def organization(self) -> Organization:
        return load_organization(self.house.store, self.code).state


def letter_to(house: House, code: str = CODE) -> Letter:
    """A new organization and what the bank sends it."""
    return Letter(house, house.organization(code), code)
