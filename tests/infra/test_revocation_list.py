"""Lists of revoked certificates (R4.10; RFC 5280 section 5), read back by `cryptography` and judged by pkilint."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from domain.certificate import REASONS as BANK_REASONS
from domain.certificate import Reason
from infra import revocation_list
from infra.authority import IssuingAuthority
from infra.authority_certificates import root_certificate
from infra.certificate_parts import IssuerKey
from infra.revocation_list import REASONS, Entries, SignedList, next_number, sign
from tests.support.pkix import BANK, NINE, authority_in, findings_in_list

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
AT_NINE = int(NINE.timestamp() * 1000)
END = NINE + 100 * DAY


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    home: Path = tmp_path_factory.mktemp("authority") / "authority"
    return authority_in(home)


def published(authority: IssuingAuthority, entries: Entries, number: int = 7) -> SignedList:
    return sign(authority.issuing, authority.key, number, NINE, NINE + 2 * DAY, entries)


def read(signed: SignedList) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(b"".join(signed.parts()))


def of(*serials: str, end: datetime = END) -> Entries:
    entries = Entries()
    for serial in serials:
        entries.add(serial, NINE, "lost", end)
    return entries


@pytest.mark.parametrize("serials", [(), ("7F",), ("80", "0A01", "F" * 40)])
def test_a_list_names_all_that_was_revoked(authority: IssuingAuthority, serials: tuple[str, ...]) -> None:
    found = read(published(authority, of(*serials)))

    assert [one.serial_number for one in found] == [int(serial, 16) for serial in serials]
    assert [one.revocation_date_utc for one in found] == [NINE] * len(serials)
    assert found.is_signature_valid(authority.key.public_key())


def test_a_list_says_who_made_it_which_it_is_and_how_long_it_is_good(authority: IssuingAuthority) -> None:
    found = read(published(authority, of("7F"), number=1 << 40))

    key = authority.issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    extensions = {one.value.oid: (one.critical, one.value) for one in found.extensions}
    assert found.issuer.public_bytes() == authority.issuing.subject.public_bytes()
    assert (found.last_update_utc, found.next_update_utc) == (NINE, NINE + 2 * DAY)
    assert extensions == {
        x509.CRLNumber.oid: (False, x509.CRLNumber(1 << 40)),
        x509.AuthorityKeyIdentifier.oid: (False, x509.AuthorityKeyIdentifier(key, None, None)),
    }


@pytest.mark.parametrize(
    ("reason", "flag"),
    [
        ("pc_changed", x509.ReasonFlags.superseded),
        ("not_imported", x509.ReasonFlags.superseded),
        ("lost", x509.ReasonFlags.key_compromise),
        ("retired", x509.ReasonFlags.cessation_of_operation),
        ("superseded", x509.ReasonFlags.superseded),
        ("closed", x509.ReasonFlags.cessation_of_operation),
    ],
)
def test_a_reason_is_told_in_the_words_of_the_standard(
    authority: IssuingAuthority, reason: Reason, flag: x509.ReasonFlags
) -> None:
    entries = Entries()
    entries.add("7F", NINE, reason, END)

    (one,) = read(published(authority, entries))

    (extension,) = one.extensions
    assert (extension.critical, extension.value) == (False, x509.CRLReason(flag))


def test_on_request_says_no_more_than_that_it_was_revoked(authority: IssuingAuthority) -> None:
    entries = Entries()
    entries.add("7F", NINE, "requested", END)

    (one,) = read(published(authority, entries))

    assert list(one.extensions) == []


def test_every_reason_there_is_has_its_word() -> None:
    assert set(REASONS) == {*BANK_REASONS, "superseded", "closed"}


@pytest.mark.parametrize("serials", [(), ("7F", "80")])
def test_the_linter_finds_nothing(authority: IssuingAuthority, serials: tuple[str, ...]) -> None:
    whole = b"".join(published(authority, of(*serials)).parts())

    assert findings_in_list(whole) == []


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
def test_a_list_may_be_signed_by_any_kind_of_authority_key(key: IssuerKey) -> None:
    root = root_certificate(key, NINE, BANK)

    signed = sign(root, key, 7, NINE, NINE + 180 * DAY, of("7F"))

    assert read(signed).is_signature_valid(key.public_key())
    assert findings_in_list(b"".join(signed.parts())) == []


@pytest.mark.parametrize(
    ("listed_at", "left"), [(END - SECOND, ["7F", "80"]), (END, ["7F", "80"]), (END + SECOND, ["80"])]
)
def test_an_entry_goes_once_a_list_has_named_it_after_its_end(listed_at: datetime, left: list[str]) -> None:
    entries = of("7F")
    entries.add("80", NINE, "lost", END + DAY)

    entries.drop(listed_at)

    assert len(entries) == len(left)
    assert b"".join(entries) == b"".join(revocation_list.entry(serial, NINE, "lost") for serial in left)


def test_a_serial_revoked_after_its_end_is_named_once_all_the_same() -> None:
    entries = Entries()
    entries.add("7F", END + DAY, "lost", END)

    entries.drop(END + SECOND)

    assert len(entries) == 1


@pytest.mark.parametrize("part", [100, 1000, 1 << 20])
def test_a_long_list_comes_in_parts(authority: IssuingAuthority, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_list, "PART", part)
    entries = of(*(f"7F{number:04X}" for number in range(100)))
    entries.add("7FFFFF", NINE, "lost", END + DAY)

    parts = list(published(authority, entries).parts())

    assert {len(one) for one in parts[:-1]} <= {part}
    assert len(parts[-1]) <= part
    assert len(x509.load_der_x509_crl(b"".join(parts))) == 101


@pytest.mark.parametrize(
    ("previous", "number"),
    [(0, AT_NINE), (AT_NINE - 1, AT_NINE), (AT_NINE, AT_NINE + 1), (1 << 50, (1 << 50) + 1)],
)
def test_a_number_is_always_higher_also_after_an_older_backup(previous: int, number: int) -> None:
    assert next_number(previous, NINE) == number


def test_a_clock_that_was_set_back_lowers_no_number() -> None:
    assert next_number(AT_NINE, datetime(2020, 1, 1, tzinfo=UTC)) == AT_NINE + 1


def test_the_hundredth_list_of_a_second_is_not_ahead_of_the_time() -> None:
    """R10.7: or a backup of an hour with many would be followed by numbers that were given already."""
    number = 0
    for place in range(100):
        number = next_number(number, NINE + place * timedelta(milliseconds=10))

    assert number < next_number(0, NINE + timedelta(seconds=1))
