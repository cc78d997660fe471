"""As in test_mutations.py, for the forms behind the log-in: of the bank, of a master, and of oneself (Q12, R9.2, R6.4).

The own password sent is the right one, so that a spoilt form comes as far as it can. Each act is done at most a few
times so, on something of its own, and all later forms find it done: what they carry is looked at all the same.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest

from application.approvals import Approvals
from domain.fact import COMMAND_LINE
from domain.policy import Policy
from infra.views import CurrentViews
from projections.runner import catch_up, connect
from tests.support.browser import Server, certificate_of, serving
from tests.support.database import Dsn
from tests.support.given_up_mail import given_up
from tests.support.house import MASTER, NINE, RIGHT, TARO, House
from tests.support.members import STAFF, register, settle
from tests.support.mutations import Fields, spoilt
from tests.support.stress_table import record
from tests.support.verdicts import judged, told

COMMAND = "make stress"
SEED = 13
SHORT, LONG = 40, 1000  # mutations of each form

OWN = ("own_password", RIGHT)
NAMED = r"(?<=/)[0-9a-fA-F-]{32,}(?=/)"
PERSON = [("name", "見本 三郎"), ("email", "saburo@example.com")]


@pytest.fixture
def server(house: House, dsn: Dsn) -> Iterator[Server]:
    """Everybody has a certificate, and the read models know all that was made here."""
    house.organization()
    house.user()
    settle(house)
    for user_id in (TARO, MASTER):
        house.issue(user_id)
    house.desk.certification.issue_to_file(STAFF, RIGHT, COMMAND_LINE, NINE)
    with serving(house) as server:
        yield server


def of_the_bank(house: House) -> Mapping[str, Fields]:
    """On an organization for each of the acts that end something."""
    for code in ("BEGUN1", "CLOSE1"):
        house.organization(code, "見本工業株式会社")
    serial = str(house.certificate().serial)
    desk = house.desk
    two_persons = Approvals(
        house.store, house.people, desk.revocation, desk.organizations, Policy(approval="two_persons")
    )
    approval = two_persons.revoke(str(house.certificate(1, MASTER).serial), "lost", "bank0002", NINE)
    organizations = "/bank/organizations"
    return {
        f"{organizations}/new": [("code", "FRESH1"), *PERSON, OWN],
        f"{organizations}/ACME01": [("p12_profile", "legacy"), ("issuance_code", "on"), ("language", "en"), OWN],
        f"{organizations}/BEGUN1/initialize": [OWN],
        f"{organizations}/ACME01/release": [OWN],
        f"{organizations}/CLOSE1/close": [OWN],
        f"/bank/accounts/{TARO}/release": [OWN],
        f"/bank/certificates/{serial}/revoke": [
            ("reason", "lost"),
            ("requested_by", "見本 花子"),
            ("paper_number", "2026-17"),
            OWN,
        ],
        f"/bank/mails/{given_up(house)}/resend": [],
        f"/bank/approvals/{approval}/approve": [OWN],
        f"/bank/approvals/{approval}/refuse": [OWN],
    }


def of_a_master(house: House) -> Mapping[str, Fields]:
    """On a user for each of the acts that end something."""
    for user_id in ("stopped1", "closing1"):
        register(house, user_id)
    return {
        "/users/new": [("user_id", "saburo01"), *PERSON, OWN],
        f"/users/{TARO}": [*PERSON, OWN],
        f"/users/{TARO}/release": [OWN],
        "/users/stopped1/suspend": [OWN],
        "/users/stopped1/resume": [OWN],
        "/users/stopped1/reset": [OWN],
        "/users/closing1/close": [OWN],
    }


def of_oneself(house: House) -> Mapping[str, Fields]:
    address = "another@example.com"
    return {"/home/email": [("email", address), ("email_again", address), ("current_password", RIGHT)]}


@pytest.mark.parametrize(
    ("whose", "user_id", "acts"),
    [("bank", STAFF, of_the_bank), ("master", MASTER, of_a_master), ("own", TARO, of_oneself)],
)
def test_no_mutation_of_a_form_behind_the_log_in_is_too_much(
    house: House,
    dsn: Dsn,
    server: Server,
    whose: str,
    user_id: str,
    acts: Callable[[House], Mapping[str, Fields]],
    long: bool,
) -> None:
    forms = acts(house)
    with connect(dsn.process, "test") as connection:
        for view in CurrentViews(house.database).all:
            catch_up(connection, view, house.store)
    browser = server.browser(certificate_of(house, user_id), bugs_are_raised=False)
    browser.log_in(user_id)
    token = browser.token("/home")
    chance = random.Random(f"{SEED} {user_id}")  # noqa: S311  (a test's chance, that a failure can repeat)
    answers, wrong = Counter[int](), list[object]()
    count = LONG if long else SHORT

    for number in range(count * len(forms)):
        path = list(forms)[number % len(forms)]
        content_type, body = spoilt(chance, [("csrf_token", token), *forms[path]])
        answer = browser.send("POST", path, content=body, headers=[(b"content-type", content_type.encode())])
        judged(answers, wrong, answer, (path, content_type, body))
    unspoilt = {path: browser.post(path, csrf_token=token, **dict(right)).status_code for path, right in forms.items()}

    paths = ", ".join(re.sub(NAMED, "…", path) for path in forms)
    record(f"Q12-acts-{whose}", f"{count} mutations of the form of each of {paths}", told(answers, wrong), COMMAND)
    assert wrong == []
    assert {path: status for path, status in unspoilt.items() if status not in (200, 303, 409)} == {}
