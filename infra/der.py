"""DER written by hand (X.690), for what is made in such numbers or such lengths that no library's objects will do."""

from datetime import UTC, datetime
from functools import lru_cache

SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING, ENUMERATED = 0x30, 0x02, 0x03, 0x04, 0x0A
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SHORT = 0x80  # lengths from here on take more than one octet
FIRST_GENERALIZED = 2050  # years before it are written with two digits (RFC 5280 4.1.2.5)


def head(tag: int, length: int) -> bytes:
    """Tag and length of a value that follows; it need not be in memory in one piece."""
    if length < SHORT:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, SHORT | len(octets))) + octets


def value(tag: int, *content: bytes) -> bytes:
    whole = b"".join(content)
    return head(tag, len(whole)) + whole


def positive(number: bytes) -> bytes:
    """INTEGER of an unsigned number without leading zeros; a sign octet is added where it would read as negative."""
    return value(INTEGER, b"\0" if number[0] & 0x80 else b"", number)


def time(at: datetime) -> bytes:
    """Time of RFC 5280 4.1.2.5, in whole seconds."""
    at = at.astimezone(UTC)
    if at.year < FIRST_GENERALIZED:
        return value(UTC_TIME, at.strftime("%y%m%d%H%M%SZ").encode())
    return generalized_time(at)


@lru_cache(maxsize=64)  # many an answer is signed in the same second
def generalized_time(at: datetime) -> bytes:
    return value(GENERALIZED_TIME, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())
