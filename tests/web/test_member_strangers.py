"""Two masters, and one who puts the other's IDs into every address and form: all unknown alike (section 1; R1.3)."""

from collections.abc import Callable

import pytest

from domain.fact import COMMAND_LINE
from domain.user_account_facts import Role
from tests.support.browser import Browser, Server, certificate_of
from tests.support.house import MASTER, RIGHT, TARO, House
from tests.support.html import Page
from tests.support.members import NEW, OTHERS_MASTER, OTHERS_USER, STAFF, person, users

ACTS = ("/release", "/suspend", "/resume", "/reset", "/close")
PAGES = ("", *ACTS)
USERS = {MASTER: TARO, OTHERS_MASTER: OTHERS_USER}
STRANGERS = {
    MASTER: (OTHERS_USER, OTHERS_MASTER, MASTER, STAFF, TARO.upper(), "nobody01", "taro0001%0A", "%00", "a" * 300),
    OTHERS_MASTER: (TARO, MASTER, OTHERS_MASTER, STAFF, OTHERS_USER.upper(), "nobody01", "..%2Fbank"),
}
SWAPPED = [(master, user_id) for master, strangers in STRANGERS.items() for user_id in strangers]
swapped = pytest.mark.parametrize(("who", "user_id"), SWAPPED)

Project = Callable[[], None]


@pytest.fixture
def browsers(house: House, server: Server, master: Browser, project: Project) -> dict[str, Browser]:
    """Both masters', logged in; both users have a certificate and are locked."""
    for user_id in (TARO, OTHERS_USER, OTHERS_MASTER):
        house.issue(user_id)
    for user_id in USERS.values():
        house.fail(6, user_id)
    project()
    other = server.browser(certificate_of(house, OTHERS_MASTER))
    other.log_in(OTHERS_MASTER)
    return {MASTER: master, OTHERS_MASTER: other}


@swapped
def test_no_page_of_a_stranger_is_shown_and_all_are_missed_alike(
    browsers: dict[str, Browser], who: str, user_id: str
) -> None:
    nowhere = Page(browsers[who].open("/users/nobody01").text).main

    answers = [browsers[who].open(f"/users/{user_id}{page}") for page in PAGES]

    assert {answer.status_code for answer in answers} == {404}
    assert {Page(answer.text).main for answer in answers} == {nowhere}


@swapped
def test_nothing_is_done_to_a_stranger_nor_any_password_looked_at(
    house: House, browsers: dict[str, Browser], who: str, user_id: str
) -> None:
    fields = {"csrf_token": browsers[who].token("/home"), "own_password": RIGHT, "name": NEW.name, "email": NEW.email}
    nowhere = Page(browsers[who].post("/users/nobody01", **fields).text).main
    before, checked = house.kinds(), list(house.passwords.checked)

    answers = [browsers[who].post(f"/users/{user_id}{page}", **fields) for page in PAGES]

    assert {answer.status_code for answer in answers} == {404}
    assert {Page(answer.text).main for answer in answers} == {nowhere}
    assert (house.kinds(), house.passwords.checked) == (before, checked)


@pytest.mark.parametrize(("who", "other"), [(MASTER, OTHERS_MASTER), (OTHERS_MASTER, MASTER)])
def test_a_form_of_ones_own_user_reaches_nobody_else_whatever_it_names(
    house: House, browsers: dict[str, Browser], who: str, other: str
) -> None:
    theirs = USERS[other]
    before = [type(fact).__name__ for fact in house.every_fact() if fact.by == other or theirs in str(fact)]
    smuggled = {"user_id": theirs, "master": other, "organization": "OTHER1", "code": "ACME01"}
    fields = {"csrf_token": browsers[who].token("/home"), "own_password": RIGHT, "name": NEW.name, "email": NEW.email}

    for page in PAGES:
        browsers[who].post(f"/users/{USERS[who]}{page}", **smuggled | fields)

    assert house.account(USERS[who]).closed
    assert [type(fact).__name__ for fact in house.every_fact() if fact.by == other or theirs in str(fact)] == before
    assert users(house, other) == (theirs,)


@pytest.mark.parametrize(("who", "other"), [(MASTER, OTHERS_MASTER), (OTHERS_MASTER, MASTER)])
def test_the_list_names_nobody_of_another_organization(browsers: dict[str, Browser], who: str, other: str) -> None:
    answers = [browsers[who].open("/users"), browsers[who].open("/users?format=csv")]

    assert [USERS[who] in answer.text for answer in answers] == [True, True]
    assert [USERS[other] in answer.text for answer in answers] == [False, False]


def test_whoever_of_the_other_organization_takes_the_place_sees_its_users_and_no_others(
    house: House, browsers: dict[str, Browser]
) -> None:
    """The session is the other's: of whom an address speaks goes by who asks, not by what was open before."""
    browsers[MASTER].certificate = certificate_of(house, OTHERS_MASTER)
    browsers[MASTER].log_in(OTHERS_MASTER)

    assert browsers[MASTER].open(f"/users/{TARO}").status_code == 404
    assert browsers[MASTER].open(f"/users/{OTHERS_USER}").status_code == 200


@pytest.mark.parametrize("role", ["general", "bank_admin", "auditor"])
def test_nobody_but_a_master_sees_or_does_anything(house: House, server: Server, master: Browser, role: Role) -> None:
    if role == "general":
        person(house, "other002", role, "ACME01")
        house.issue("other002")
    else:
        house.desk.accounts.register("other002", role, None, "見本 三郎", "s@example.com", COMMAND_LINE, house.clock())
        house.own_password("other002", RIGHT)
        house.desk.certification.issue_to_file("other002", RIGHT, COMMAND_LINE, house.clock())
    browser = server.browser(certificate_of(house, "other002"))
    browser.log_in("other002")
    paths = ("/users", "/users/new", *(f"/users/{TARO}{page}" for page in PAGES))
    fields = {"csrf_token": browser.token("/home"), "own_password": RIGHT, "user_id": "jiro0001"}
    before = house.kinds()

    answers = [browser.open(path) for path in paths] + [browser.post(path, **fields) for path in paths[1:]]

    assert {answer.status_code for answer in answers} == {403}
    assert house.kinds() == before
