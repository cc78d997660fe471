"""The bank registers organizations and changes their settings (R1.1, R7.1, R9.2)."""

from collections.abc import Callable

import pytest

from domain.credentials import fault_of, organization_stream
from domain.organization import organization_from
from tests.support.browser import Browser
from tests.support.house import RIGHT, WRONG, House

NEW = "/bank/organizations/new"
SETTINGS = "/bank/organizations/ACME01"
TYPED = {"code": "SAKURA02", "name": "さくら精機労働組合", "email": "keiri@example.com"}

Project = Callable[[], None]


def state_of(house: House) -> dict[str, str]:
    found = organization_from(house.store.load(organization_stream("ACME01")))
    return {"p12_profile": found.p12_profile, "issuance_code": found.issuance_code, "language": found.language}


@pytest.fixture
def browser(admin: Browser, project: Project) -> Browser:
    """The bank admin's; nothing is locked, and no customer has a certificate."""
    project()
    return admin


def test_an_organization_is_registered_and_its_initial_password_shown_once(
    house: House, browser: Browser, project: Project
) -> None:
    browser.open(NEW)

    answer = browser.submit(NEW, **TYPED, own_password=RIGHT)

    (shown,) = (each.text for each in browser.page.root.walk() if each.attributes.get("id") == "generated-password")
    assert answer.status_code == 200
    assert fault_of(shown) is None
    assert house.passwords.matches(organization_stream("SAKURA02"), 1, shown)
    project()
    assert shown not in browser.open("/bank/organizations/SAKURA02").text
    assert browser.page.h1 == TYPED["name"]


def test_a_code_that_is_taken_is_told_at_its_field_and_the_rest_stays_typed(house: House, browser: Browser) -> None:
    browser.open(NEW)

    answer = browser.submit(NEW, **TYPED | {"code": "acme01"}, own_password=RIGHT)

    fields = browser.page.form(NEW).fields
    assert answer.status_code == 409
    assert "この団体コードは使えません" in browser.page.main
    assert (fields["code"], fields["name"], fields["own_password"]) == ("acme01", TYPED["name"], "")
    assert house.count("OrganizationRegistered") == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"code": "A"}, "団体コードをご確認ください"),
        ({"code": "ＳＡＫＵＲＡ"}, "全角の文字は使えません"),
        ({"name": ""}, "団体名をご確認ください"),
        ({"email": "keiri"}, "連絡先のメールアドレスをご確認ください"),
    ],
)
def test_a_registration_that_cannot_be_taken_is_told_and_nothing_registered(
    house: House, browser: Browser, typed: dict[str, str], told: str
) -> None:
    browser.open(NEW)

    answer = browser.submit(NEW, **TYPED | typed, own_password=RIGHT)

    assert answer.status_code == 422
    assert told in browser.page.main
    assert house.count("OrganizationRegistered") == 1


def test_with_a_wrong_own_password_no_organization_is_registered(house: House, browser: Browser) -> None:
    browser.open(NEW)

    answer = browser.submit(NEW, **TYPED, own_password=WRONG)

    assert answer.status_code == 401
    assert browser.page.form(NEW).fields["name"] == TYPED["name"]
    assert house.count("OrganizationRegistered") == 1


# ---- settings


def test_settings_are_changed_and_the_organization_shown_with_them(
    house: House, browser: Browser, project: Project
) -> None:
    browser.open("/bank/organizations/acme01")

    answer = browser.submit(SETTINGS, p12_profile="legacy", issuance_code="off", language="en", own_password=RIGHT)

    assert (answer.status_code, answer.headers["location"]) == (303, SETTINGS)
    assert state_of(house) == {"p12_profile": "legacy", "issuance_code": "off", "language": "en"}
    project()
    browser.follow()
    chosen = [field.attributes["id"] for field in browser.page.root.all("input") if "checked" in field.attributes]
    assert chosen == ["p12_profile-legacy", "issuance_code-off", "language-en"]


def test_what_is_not_sent_stays_as_it_is(house: House, browser: Browser) -> None:

    answer = browser.post(SETTINGS, csrf_token=browser.token("/home"), language="en", own_password=RIGHT)

    assert answer.status_code == 303
    assert state_of(house) == {"p12_profile": "modern", "issuance_code": "off", "language": "en"}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"p12_profile": "oldest"}, "形式をご確認ください"),
        ({"language": "fr"}, "メールの言語をご確認ください"),
        ({}, "形式を選んでください"),
    ],
)
def test_settings_that_cannot_be_taken_are_told_and_nothing_is_changed(
    house: House, browser: Browser, typed: dict[str, str], told: str
) -> None:
    before = state_of(house)

    answer = browser.post(SETTINGS, csrf_token=browser.token("/home"), own_password=RIGHT, **typed)

    assert answer.status_code == 422
    assert told in browser.page.main
    assert state_of(house) == before


def test_with_a_wrong_own_password_no_setting_is_changed(house: House, browser: Browser) -> None:
    browser.open(SETTINGS)
    before = state_of(house)

    answer = browser.submit(SETTINGS, language="en", own_password=WRONG)

    assert answer.status_code == 401
    assert state_of(house) == before
