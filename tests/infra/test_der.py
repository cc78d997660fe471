"""DER by hand, beside what `cryptography` and asn1crypto write (X.690; RFC 5280 4.1.2.5)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import core

from infra import der

SECOND = timedelta(seconds=1)
LAST_WITH_TWO_DIGITS = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536, 1 << 24])
def test_a_length_is_written_in_as_few_octets_as_it_takes(length: int) -> None:
    octets = bytes(length)

    assert der.value(der.OCTET_STRING, octets) == core.OctetString(octets).dump()


@pytest.mark.parametrize("number", [1, 127, 128, 255, 256, (1 << 159) - 1, 1 << 159])
def test_a_serial_is_never_negative(number: int) -> None:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")

    assert der.positive(octets) == core.Integer(number).dump()


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (LAST_WITH_TWO_DIGITS, b"\x17\x0d491231235959Z"),
        (LAST_WITH_TWO_DIGITS + SECOND, b"\x18\x0f20500101000000Z"),
        (datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(hours=9))), b"\x17\x0d261124000000Z"),
    ],
)
def test_the_year_has_two_digits_until_2049(at: datetime, written: bytes) -> None:
    assert der.time(at) == written


def test_ocsp_writes_the_whole_year_always() -> None:
    assert der.generalized_time(LAST_WITH_TWO_DIGITS) == b"\x18\x0f20491231235959Z"
