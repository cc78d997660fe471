"""The page of one general user: what is offered, and name and address changed (R1.1, R6.2, R6.3)."""

from collections.abc import Callable

import pytest

from application.ports import Contact
from domain.credentials import account_stream
from tests.support.accounts import DAY
from tests.support.browser import Browser
from tests.support.house import MASTER, NINE, RIGHT, TARO, WRONG, House
from tests.support.html import Page
from tests.support.members import NEW, register

PAGE = f"/users/{TARO}"

Project = Callable[[], None]


def test_a_users_page_tells_the_person_and_offers_what_makes_sense(house: House, master: Browser) -> None:
    answer = master.open(PAGE)

    assert answer.status_code == 200
    assert master.page.h1 == "見本 太郎"
    assert offered(master) == ["suspend", "reset", "close"]
    assert master.page.form(PAGE).fields["email"] == "taro@example.com"
    assert "taro@example.com" in master.page.main


@pytest.mark.parametrize(
    ("acts", "offers"),
    [
        (["lock"], ["release", "suspend", "reset", "close"]),
        (["suspend"], ["resume", "reset", "close"]),
        (["lock", "suspend"], ["release", "resume", "reset", "close"]),
        (["close"], []),
    ],
)
def test_what_is_offered_goes_by_the_present_state(
    house: House, master: Browser, acts: list[str], offers: list[str]
) -> None:
    done: dict[str, Callable[[], object]] = {
        "lock": lambda: house.fail(6),
        "suspend": lambda: house.desk.members.suspend(MASTER, TARO, NINE),
        "close": lambda: house.desk.members.close(MASTER, TARO, NINE),
    }
    for act in acts:
        done[act]()

    master.open(PAGE)

    assert offered(master) == offers


def offered(browser: Browser) -> list[str]:
    links = [link.href for link in browser.page.links]
    return [href.removeprefix(f"{PAGE}/") for href in links if href.startswith(f"{PAGE}/")]


def test_how_long_a_given_password_is_good_is_told(house: House, master: Browser, project: Project) -> None:
    register(house, "jiro0001")
    project()

    master.open("/users/jiro0001")
    waiting = master.page.main
    house.clock.advance(14 * DAY)
    master.log_in(MASTER)
    master.open("/users/jiro0001")

    assert "2026年12月8日(火) 9:00まで有効です" in waiting
    assert "本人に渡したパスワードの期限が切れています" in master.page.main


def test_name_and_address_are_changed_and_shown(house: House, master: Browser) -> None:
    master.open(PAGE)

    answer = master.submit(PAGE, name=NEW.name, email=NEW.email, own_password=RIGHT)

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert house.people.of(account_stream(TARO), 2) == NEW
    master.follow()
    assert master.page.h1 == NEW.name


def test_a_change_that_cannot_be_taken_is_told_with_what_was_typed(house: House, master: Browser) -> None:
    master.open(PAGE)

    answer = master.submit(PAGE, name="", email="jiro", own_password=RIGHT)

    fields = master.page.form(PAGE).fields
    assert answer.status_code == 422
    assert (fields["name"], fields["email"], fields["own_password"]) == ("", "jiro", "")
    assert "氏名をご確認ください" in master.page.main
    assert house.account().person == 1


def test_with_a_wrong_own_password_nothing_is_changed(house: House, master: Browser) -> None:
    master.open(PAGE)

    answer = master.submit(PAGE, name=NEW.name, email=NEW.email, own_password=WRONG)

    assert answer.status_code == 401
    assert master.page.form(PAGE).fields["name"] == NEW.name
    assert house.account().person == 1


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "{{ 7*7 }}", "'; drop table users; --", "&amp;"])
def test_a_hostile_name_is_only_ever_text(house: House, master: Browser, project: Project, name: str) -> None:
    master.open(PAGE)
    master.submit(PAGE, name=name, email=NEW.email, own_password=RIGHT)
    project()

    shown = [Page(master.open(path).text) for path in (PAGE, f"{PAGE}/close", "/users")]

    assert house.people.of(account_stream(TARO), 2) == Contact(name, NEW.email)
    assert [page.inline_scripts for page in shown] == [[], [], []]
    assert [name in page.main for page in shown] == [True, True, True]
    assert shown[0].form(PAGE).fields["name"] == name
