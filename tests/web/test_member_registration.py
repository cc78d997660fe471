"""A master registers a general user, whose first password is shown once (section 1; R1.1, R2.2, R2.4)."""

from collections.abc import Callable

import pytest

from domain.credentials import account_stream, fault_of
from domain.policy import Policy
from tests.support.browser import Browser
from tests.support.house import MASTER, RIGHT, TARO, WRONG, House
from tests.support.members import NEW, OTHERS_USER, generated, register

FORM = "/users/new"
TYPED = {"user_id": "jiro0001", "name": NEW.name, "email": NEW.email}

Project = Callable[[], None]


def test_a_registered_user_gets_a_password_that_is_shown_once(house: House, master: Browser, project: Project) -> None:
    master.open(FORM)

    answer = master.submit(FORM, **TYPED, own_password=RIGHT)

    shown = generated(master.page)
    assert answer.status_code == 200
    assert fault_of(shown) is None
    assert house.enter("jiro0001", shown)
    for told in ("jiro0001", "14日間", "2026年12月8日(火) 9:00", "[電子証明書発行]", "パスワードを変更"):
        assert told in master.page.main
    project()
    assert shown not in master.open("/users/jiro0001").text
    assert NEW.name in master.open("/users").text


def test_a_registration_is_in_the_own_organization_whatever_is_sent(house: House, master: Browser) -> None:
    fields = {"csrf_token": master.token("/home"), "own_password": RIGHT, "organization": "OTHER1", "role": "master"}

    answer = master.post(FORM, **fields | TYPED)

    assert answer.status_code == 200
    assert (house.account("jiro0001").organization, house.account("jiro0001").role) == ("ACME01", "general")


@pytest.mark.parametrize("user_id", [TARO, TARO.upper(), OTHERS_USER, MASTER])
def test_an_id_that_is_taken_is_told_at_its_field_and_the_rest_stays_typed(
    house: House, master: Browser, user_id: str
) -> None:
    master.open(FORM)

    answer = master.submit(FORM, **TYPED | {"user_id": user_id}, own_password=RIGHT)

    fields = master.page.form(FORM).fields
    assert answer.status_code == 409
    assert "このユーザーIDは使えません" in master.page.main
    assert (fields["user_id"], fields["name"], fields["own_password"]) == (user_id, NEW.name, "")
    assert house.count("GeneralUserRegistered") == 2


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"user_id": "jiro"}, "6〜12文字で入力してください"),
        ({"user_id": "ｊｉｒｏ０００１"}, "全角の文字は使えません"),
        ({"name": ""}, "氏名をご確認ください"),
        ({"email": "jiro"}, "メールアドレスをご確認ください"),
    ],
)
def test_a_registration_that_cannot_be_taken_is_told_and_nobody_registered(
    house: House, master: Browser, typed: dict[str, str], told: str
) -> None:
    master.open(FORM)

    answer = master.submit(FORM, **TYPED | typed, own_password=RIGHT)

    assert answer.status_code == 422
    assert told in master.page.main
    assert house.count("GeneralUserRegistered") == 2


@pytest.mark.parametrize("policy", [Policy(general_users=2)], ids=["two places"])
def test_a_place_that_is_taken_meanwhile_is_told_and_nobody_registered(house: House, master: Browser) -> None:
    master.open(FORM)
    register(house, "saburo01")

    answer = master.submit(FORM, **TYPED, own_password=RIGHT)

    assert answer.status_code == 409
    assert "一般ユーザーは2名まで登録できます" in master.page.main
    assert house.store.load(account_stream("jiro0001")) == []


def test_with_a_wrong_own_password_nobody_is_registered(house: House, master: Browser) -> None:
    master.open(FORM)

    answer = master.submit(FORM, **TYPED, own_password=WRONG)

    assert answer.status_code == 401
    assert master.page.form(FORM).fields["name"] == NEW.name
    assert house.store.load(account_stream("jiro0001")) == []
    assert house.account(MASTER).lockout.failures == 1


@pytest.mark.parametrize("field", ["user_id", "name", "email", "own_password"])
@pytest.mark.parametrize("text", ["\x01", "a" * 5000, "見本\r\nSet-Cookie: a=b", "\u202e", " jiro0001", ""])
def test_hostile_input_is_refused_with_the_form_again(house: House, master: Browser, field: str, text: str) -> None:
    before = house.count("UserRegistered")
    fields = TYPED | {"csrf_token": master.token("/home"), "own_password": RIGHT, field: text}

    answer = master.post(FORM, **fields)

    assert answer.status_code == 422
    assert master.page.form(FORM).fields["own_password"] == ""
    assert house.count("UserRegistered") == before
