"""User IDs and passwords: 6 to 12 half-width letters and digits, at least one of each (manual ④; R2.1, R2.2, R2.4)."""

import random
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.credentials import (
    COMMON,
    READABLE_DIGITS,
    READABLE_LETTERS,
    account_stream,
    check_new_password,
    check_organization_code,
    check_shape,
    fault_of,
    generate_password,
    organization_stream,
)
from domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("abcd1", "length"),
        ("abcde1", None),
        ("abcdefghijk1", None),
        ("abcdefghijkl1", "length"),
        ("", "missing"),
    ],
)
def test_the_length_is_six_to_twelve(text: str, fault: str | None) -> None:
    assert fault_of(text) == fault


@pytest.mark.parametrize("text", ["abcdef", "ABCDEF", "abcdefghijkl", "123456", "123456789012"])
def test_letters_alone_or_digits_alone_are_not_mixed(text: str) -> None:
    assert fault_of(text) == "not_mixed"


@pytest.mark.parametrize("text", ["12345a", "Z00000", "aaaaa9", "0AAAAA", "azAZ09"])
def test_one_letter_or_one_digit_among_the_others_is_enough(text: str) -> None:
    assert fault_of(text) is None


@pytest.mark.parametrize("text", ["ａｂｃ123", "abc１２３", "abc123\u3000", "！abc123", "～abc123", "Ａ"])
def test_full_width_input_is_named_as_such_and_never_normalized(text: str) -> None:
    assert fault_of(text) == "full_width"


@pytest.mark.parametrize(
    "text",
    [
        "abc123\n",  # a pattern ended by `$` would let this pass
        "\nabc123",
        "abc\n123",
        "abc123\r\n",
        "abc123\0",
        "\0" * 6,
        " abc123",
        "abc123 ",
        "abc 123",
        "abc\t123",
        "abc\u00a0123",
        "abc\u200b123",
        "café123",
        "cafe\u0301123",
        "abc٣٤٥",  # Arabic-Indic digits: str.isdigit() and \d take them
        "abc¹²³",
        "abc๑๒๓",
        "たろう123",
        "ｱｲｳ123",
        "аbc123",  # a Cyrillic а
        "abc_123",
        "abc-123",
        "abc@123",
        "abc[123",
        "abc`123",
        "abc{123",
        "abc/123",
        "abc:123",
    ],
)
def test_anything_but_half_width_letters_and_digits_is_refused(text: str) -> None:
    assert fault_of(text) == "characters"


@pytest.mark.parametrize("text", ["\u212aaro01", "tar\u017f01", "\u0130stan1", "ta\u00df001"])
def test_letters_that_change_their_length_or_turn_ascii_in_lower_case_are_no_ids(text: str) -> None:
    # Kelvin sign, long s, dotted capital I, sharp s: no two IDs that pass can meet by such a letter.
    assert fault_of(text) == "characters"


def test_the_kelvin_sign_would_lead_to_another_persons_stream_were_it_not_refused_before() -> None:
    assert account_stream("\u212aaro01") == account_stream("karo01")
    with pytest.raises(InvalidInput):
        check_shape(user_id="\u212aaro01")


@given(st.text(max_size=14))
@settings(max_examples=300, deadline=None)
def test_what_passes_is_ascii_of_six_to_twelve_with_a_letter_and_a_digit(text: str) -> None:
    letters = [sign for sign in text if sign in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    digits = [sign for sign in text if sign in "0123456789"]
    allowed = len(letters) + len(digits) == len(text) and 6 <= len(text) <= 12 and letters and digits

    assert (fault_of(text) is None) == bool(allowed)


@given(st.from_regex(r"[A-Za-z0-9]{4,14}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_letters_and_digits_pass_when_mixed_and_of_the_length(text: str) -> None:
    mixed = any(sign in "0123456789" for sign in text) and any(sign not in "0123456789" for sign in text)

    assert (fault_of(text) is None) == (mixed and 6 <= len(text) <= 12)


def test_all_malformed_fields_are_named_at_once_and_no_value_is_repeated() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_shape(user_id="taro01", password="hidden", again="")

    assert refusal.value.faults == {"password": "not_mixed", "again": "missing"}
    assert "hidden" not in str(refusal.value)


def test_well_formed_fields_are_taken() -> None:
    check_shape(user_id="taro01", password="Kx7mQ2pw")


@pytest.mark.parametrize("password", ["taro01", "TARO01", "xTaRo01x", "9taro01", "taro01z99"])
def test_a_password_may_not_hold_the_id_in_any_case(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_new_password("Taro01", password, password, current="Kx7mQ2pw")

    assert refusal.value.faults == {"password": "contains_user_id"}


@pytest.mark.parametrize("password", ["password1", "PassWord1", "ABC123", "1qaz2wsx"])
def test_a_common_password_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_new_password("taro01", password, password, current="Kx7mQ2pw")

    assert refusal.value.faults == {"password": "common"}


@pytest.mark.parametrize("user_id", ["", "a", "taro", "99"])
def test_an_id_that_is_none_yet_stands_in_no_password(user_id: str) -> None:
    check_new_password(user_id, "taro9944", "taro9944", current="old4Word")


def test_the_new_password_is_not_the_current_one() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_new_password("taro01", "Kx7mQ2pw", "Kx7mQ2pw", current="Kx7mQ2pw")

    assert refusal.value.faults == {"password": "unchanged"}


def test_both_entries_of_the_new_password_agree_to_the_case() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_new_password("taro01", "Kx7mQ2pw", "kx7mq2pw", current="old4Word")

    assert refusal.value.faults == {"password_again": "passwords_differ"}


def test_a_malformed_new_password_is_refused_for_its_shape() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_new_password("taro01", "Kx7mQ\n", "Kx7mQ\n", current="old4Word")

    assert refusal.value.faults == {"password": "characters"}


def test_a_password_that_differs_from_the_current_one_in_case_alone_is_new() -> None:
    check_new_password("taro01", "Kx7mQ2pw", "Kx7mQ2pw", current="kx7mq2pw")


def test_every_common_password_has_the_shape_of_one_and_stands_in_lower_case() -> None:
    assert {text: fault_of(text) for text in COMMON if fault_of(text) is not None or text != text.lower()} == {}


@given(st.integers(min_value=0), st.sampled_from(["", "taro01", "a1b2c3"]))
@settings(max_examples=200, deadline=None)
def test_a_generated_password_always_passes_and_is_readable(seed: int, user_id: str) -> None:
    chance = random.Random(seed)  # noqa: S311  (a test's chance, that a failure can repeat)

    text = generate_password(chance.choice, avoid=user_id)

    assert len(text) == 12
    assert fault_of(text) is None
    assert set(text) <= set(READABLE_LETTERS + READABLE_DIGITS)
    assert not set(text) & set("0O1lI")


class Picks:
    """Gives the letters of its texts one after the other."""

    def __init__(self, *texts: str) -> None:
        self.left = list("".join(texts))

    def __call__(self, signs: Sequence[str]) -> str:
        sign = self.left.pop(0)
        assert sign in signs
        return sign


def test_a_generated_password_is_drawn_again_when_not_mixed() -> None:
    assert generate_password(Picks("abcdefghijkm", "234567892345", "xbcdefghijk2")) == "xbcdefghijk2"


def test_a_generated_password_avoids_nothing_where_nothing_is_to_be_avoided() -> None:
    assert generate_password(Picks("XXXXefghijk2")) == "XXXXefghijk2"


def test_a_generated_password_is_drawn_again_when_it_holds_the_user_id_in_any_case() -> None:
    assert generate_password(Picks("xxxTARA23xxx", "abcdefghijk2"), avoid="Tara23") == "abcdefghijk2"


@pytest.mark.parametrize("code", ["abcd", "1234", "ORG0001", "abcdefghij"])
def test_an_organization_code_has_four_to_ten_letters_or_digits(code: str) -> None:
    check_organization_code(code)


@pytest.mark.parametrize("code", ["abc", "abcdefghijk", "abcd\n", "ab cd", "abc-1", "été01", "٣٣٣٣"])
def test_any_other_organization_code_is_malformed(code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_organization_code(code)

    assert refusal.value.faults == {"code": "malformed"}


def test_an_organization_code_left_empty_is_missing() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_organization_code("", "organization_code")

    assert refusal.value.faults == {"organization_code": "missing"}


def test_an_organization_code_in_full_width_is_named_as_such() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_organization_code("ＯＲＧ０００１")

    assert refusal.value.faults == {"code": "full_width"}


def test_a_stream_is_named_by_the_lower_case_id_and_never_moves() -> None:
    # Literal for ever: another namespace or spelling would lose every account stored.
    assert account_stream("TARO01") == account_stream("taro01") == UUID("f901a9d0-5542-5c6c-b2c5-53ad48b6826c")
    assert organization_stream("ORG0001") == UUID("29955973-dab7-5314-97c6-50f3eeb64145")
    assert organization_stream("org0001") == UUID("29955973-dab7-5314-97c6-50f3eeb64145")
