"""Names and mail addresses as they may be taken (R2.3, R10.6)."""

import pytest

from application.contacts import check_contact
from application.ports import Contact
from domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("見本 太郎", "taro@example.com"),
        ("見本\u3000太郎", "taro@example.com"),
        ("A", "a.b+c@mail.example.co.jp"),
        ("あ" * 64, "taro@example.com"),
    ],
)
def test_a_name_of_one_to_sixty_four_signs_and_a_mail_address_are_taken(name: str, email: str) -> None:
    assert check_contact(name, email) == Contact(name, email)


@pytest.mark.parametrize("name", ["", "あ" * 65, " 見本", "見本 ", "見本\n太郎", "見本\x00", "\u3000見本"])
def test_a_name_empty_too_long_or_with_signs_nobody_sees_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_contact(name, "taro@example.com")

    assert refusal.value.faults == {"name": "malformed"}


@pytest.mark.parametrize("name", ["https://evil.example/x", "見本 WWW.evil.example", "taro@evil.example"])
def test_a_name_that_a_mail_program_would_make_something_to_press_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_contact(name, "taro@example.com")

    assert refusal.value.faults == {"name": "malformed"}


@pytest.mark.parametrize("name", ["J.Smith", "見本商事 Co., Ltd.", "A/B 見本", "awww 見本"])
def test_a_name_with_dots_and_strokes_is_taken(name: str) -> None:
    assert check_contact(name, "taro@example.com").name == name


@pytest.mark.parametrize(
    "email",
    [
        "",
        "taro",
        "taro@",
        "@example.com",
        "taro@example",
        "taro@example.com\nBcc: jiro@example.com",
        "taro jiro@example.com",
        "taro@example.com, jiro@example.com",
        "太郎@example.com",
        "ｔａｒｏ@example.com",
    ],
)
def test_what_is_no_single_half_width_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_contact("見本 太郎", email)

    assert refusal.value.faults == {"email": "malformed"}


def test_all_faults_are_told_at_once_and_nothing_that_was_typed_is_repeated() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_contact("見本\n太郎", "taro.example.com")

    assert refusal.value.faults == {"name": "malformed", "email": "malformed"}
    assert "taro" not in str(refusal.value)
