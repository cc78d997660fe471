"""As in test_mutations.py, for what an address is asked: filters, searches, orders, cursors, moments, periods (Q12).

Each question from the right one spoilt by a seed, asked by who may ask it; and all other addresses asked what none of
them knows.
"""

import random
from collections import Counter
from http import HTTPStatus
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.routing import Route

from domain.fact import COMMAND_LINE
from tests.support.browser import Browser
from tests.support.database import Dsn
from tests.support.given_up_mail import given_up
from tests.support.heads import Heads
from tests.support.house import MASTER, NINE, RIGHT, TARO
from tests.support.html import Page
from tests.support.members import STAFF
from tests.support.mutations import Fields, written
from tests.support.queries import ANSWERED_AT, AUDITOR, QUERIES, spoilt_query, written_query
from tests.support.scenes import Stage, stage
from tests.support.scenes_of_acts import approval_asked
from tests.support.stress_table import record
from tests.support.verdicts import judged, told

__all__ = ["stage"]

COMMAND = "make stress"
SEED = 15
SHORT, LONG = 25, 2000  # mutations of each question, and of those to all other addresses together
BETWEEN = 25  # mutations from one unspoilt question to the next
UNKNOWN: Fields = [("lang", "en"), ("cursor", "WzVd"), ("unknown", "1")]


@pytest.fixture
def count(long: bool) -> int:
    return LONG if long else SHORT


class Library:
    """Everybody who may read, and what there is to be read."""

    def __init__(self, stage: Stage, heads: Heads) -> None:
        self._stage = stage
        self._reading = ""
        self._named = {
            "user_id": TARO,
            "code": "ACME01",
            "serial": str(stage.house.certificate().serial),
            "notification": str(given_up(stage.house)),
            "approval": str(approval_asked(stage)),
            "view": "lock_status",
            "size": str(heads.signed()[0].size),
        }

    @property
    def pages(self) -> list[str]:
        """Every address that can be opened, as the routes have it."""
        routes = [route for route in self._stage.server.app.routes if isinstance(route, Route)]
        return [route.path for route in routes if "GET" in (route.methods or ())]

    def reader_of(self, path: str) -> Browser:
        """Logged in as one to whom that address is open."""
        roles = {"/bank": STAFF, "/users": MASTER, "/audit": AUDITOR, "/api": AUDITOR}
        return self.reader(next((who for prefix, who in roles.items() if path.startswith(prefix)), TARO))

    def reader(self, who: str) -> Browser:
        """The one browser, logged in anew where somebody else has read."""
        if who != self._reading:
            self._stage.inside(who)
            self._reading = who
        return self._stage.browser

    def question(self, who: str, path: str) -> Fields:
        """The right one, with the cursor of the page behind the first row where the order has one."""
        asked = [(name, value.format_map(self._named)) for name, value in QUERIES[who][path].items()]
        if path not in ANSWERED_AT:
            return asked
        first = [("limit", "1"), ("sort", dict(asked).get("sort", "newest"))]
        answer = self.reader(AUDITOR).open(f"{ANSWERED_AT[path]}?{written_query(written(first))}")
        return [*asked, ("cursor", answer.json()["next"])]

    def open(self, browser: Browser, path: str, query: str) -> Response:
        return browser.open(f"{self.address(path)}?{query}")

    def address(self, path: str) -> str:
        """KeyError where a route names something new."""
        return path.format_map(self._named)


@pytest.fixture
def library(stage: Stage, dsn: Dsn, tmp_path: Path) -> Library:
    stage.house.staff(AUDITOR, role="auditor")
    stage.house.desk.certification.issue_to_file(AUDITOR, RIGHT, COMMAND_LINE, NINE)
    heads = Heads(stage.house, dsn, tmp_path)
    heads.sign()
    library = Library(stage, heads)
    stage.project()
    return library


def test_every_search_and_every_address_that_minds_what_it_is_asked_is_spoilt_here(library: Library) -> None:
    spoilt = {library.address(path) for asked in QUERIES.values() for path in asked}

    found = set[str]()
    for path in library.pages:
        browser, address = library.reader_of(path), library.address(path)
        answer = browser.open(address)
        if answer.headers.get("content-type", "").startswith("text/html"):
            found |= {form.action for form in Page(answer.text).forms if form.method == "get"}
        if answer.status_code == 200 and browser.open(f"{address}?unknown=1").status_code == 422:
            found.add(address)

    assert sorted(found - spoilt) == [], "say in tests/support/queries.py what is asked there"


@pytest.mark.parametrize(("who", "path"), [(who, path) for who, asked in QUERIES.items() for path in asked])
def test_no_mutation_of_a_question_is_too_much(who: str, path: str, library: Library, count: int) -> None:
    chance = random.Random(f"{SEED} {who} {path}")  # noqa: S311  (a test's chance, that a failure can repeat)
    right, answers, wrong, let_in = library.question(who, path), Counter[int](), list[object](), 0
    browser = library.reader(who)

    for number in range(1, count + 1):
        query = spoilt_query(chance, right)
        judged(answers, wrong, library.open(browser, path, query), query)
        if number % BETWEEN == 0:
            let_in += library.open(browser, path, written_query(written(right))).status_code == HTTPStatus.OK

    assert wrong == []
    assert let_in == count // BETWEEN
    record(
        f"Q12-query{path}-{who}",
        f"{count} mutations of what {path} is asked",
        f"{told(answers, wrong)}; all {let_in} unspoilt ones between them were answered",
        COMMAND,
    )


def test_no_question_to_any_other_address_is_too_much(library: Library, count: int) -> None:
    chance = random.Random(SEED)  # noqa: S311
    minding = {path for asked in QUERIES.values() for path in asked}
    others = [path for path in library.pages if path not in minding]
    answers, wrong = Counter[int](), list[object]()

    for number in range(count):
        path, query = others[number % len(others)], spoilt_query(chance, UNKNOWN)
        judged(answers, wrong, library.open(library.reader_of(path), path, query), (path, query))

    assert wrong == []
    record("Q12-query-others", f"{count} questions to {len(others)} other addresses", told(answers, wrong), COMMAND)
