"""User IDs and passwords: 6 to 12 half-width letters and digits, at least one of each (manual ④; R2.1, R2.2).

Organization codes (R7.1) and generated passwords (R2.4) are made of the same letters.
"""

import re
from collections.abc import Callable, Sequence
from uuid import UUID, uuid5

from domain.errors import InvalidInput
from domain.policy import ID_LENGTH

ACCOUNTS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a01")  # namespace of account streams; never changed
ORGANIZATIONS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a02")

LETTERS_AND_DIGITS = re.compile(r"[A-Za-z0-9]+", re.ASCII)
ORGANIZATION_CODE = re.compile(r"[A-Za-z0-9]{4,10}", re.ASCII)
FULL_WIDTH = re.compile(r"[\uff01-\uff5e\u3000]")

# Characters a person can read from paper without doubt: no 0/O, 1/l/I.
READABLE_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
READABLE_DIGITS = "23456789"
GENERATED_LENGTH = 12

# Passwords that fit the rule and still everybody guesses first, in lower case.
COMMON_TEXT = """
    password1 password12 password123 passw0rd passw0rd1 qwerty1 qwerty12 qwerty123 abc123 abcd1234 abc12345 a12345
    a123456 a1234567 a12345678 a123456789 aa123456 aa12345678 admin1 admin123 admin1234 welcome1 welcome123
    letmein1 iloveyou1 monkey1 dragon1 1qaz2wsx 1q2w3e 1q2w3e4r 1q2w3e4r5t q1w2e3 q1w2e3r4 zaq12wsx asdf1234
    qwer1234 test123 test1234 guest123 user1234 login123 master1 master123 hello123 sample1 sample123 changeme1
    secret1 secret123 pass1234 pass12345 p4ssword sakura1 sakura123 nippon1 japan123 tokyo123 tokyo2020
    bank1234 abcdef1 abcdefg1 1234abcd 123abc 12345a 123456a 1234567a 12345678a 123456789a 123qwe qwe123
    qweasd123 asd123 zxc123 zxcvbn1 zxcvbnm1 football1 baseball1
"""
COMMON = frozenset(COMMON_TEXT.split())

Pick = Callable[[Sequence[str]], str]  # one of a sequence; the caller gives a secure one


def account_stream(user_id: str) -> UUID:
    """The same stream whatever the case: an ID is unique without regard to it (R2.2)."""
    return uuid5(ACCOUNTS, user_id.lower())


def organization_stream(code: str) -> UUID:
    return uuid5(ORGANIZATIONS, code.lower())


def fault_of(text: str) -> str | None:
    """Why a user ID or password is malformed, or None. The codes are those of InvalidInput."""
    if not text:
        return "missing"
    if FULL_WIDTH.search(text):
        return "full_width"
    if not LETTERS_AND_DIGITS.fullmatch(text):
        return "characters"
    if len(text) not in ID_LENGTH:
        return "length"
    if text.isalpha() or text.isdigit():
        return "not_mixed"
    return None


def check_shape(**fields: str) -> None:
    """Refuse malformed values, all of them at once."""
    faults = {name: fault for name, text in fields.items() if (fault := fault_of(text))}
    if faults:
        raise InvalidInput(**faults)


def check_new_password(user_id: str, password: str, again: str, current: str) -> None:
    """A password a person chose (R2.2, R2.4)."""
    check_shape(password=password)
    # An ID that is none yet, in a first registration, is told for itself; nothing typed would stand in any password.
    if fault_of(user_id) is None and user_id.lower() in password.lower():
        raise InvalidInput(password="contains_user_id")
    if password.lower() in COMMON:
        raise InvalidInput(password="common")
    if password == current:
        raise InvalidInput(password="unchanged")
    if password != again:
        raise InvalidInput(password_again="passwords_differ")


def check_organization_code(code: str, field: str = "code") -> None:
    if not code:
        raise InvalidInput(**{field: "missing"})
    if not ORGANIZATION_CODE.fullmatch(code):
        raise InvalidInput(**{field: "full_width" if FULL_WIDTH.search(code) else "malformed"})


def generate_password(pick: Pick, avoid: str = "") -> str:
    """A first or reset password: 12 readable characters, at least one letter and one digit, never holding `avoid`."""
    while True:
        text = "".join(pick(READABLE_LETTERS + READABLE_DIGITS) for _ in range(GENERATED_LENGTH))
        if fault_of(text) is None and text.lower() not in COMMON and (not avoid or avoid.lower() not in text.lower()):
            return text
