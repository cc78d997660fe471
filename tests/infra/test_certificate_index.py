"""Which stream a serial or a certificate leads to (R4.9, R4.10)."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from infra import certificate_index
from infra.certificate_index import CertificateIndex
from infra.postgres import Database
from tests.support.rows import write

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("9c2e7a1d-0000-4000-8000-000000000002")
SERIAL = "5F0C2B7A"
FINGERPRINT = "cd" * 32
OVER = datetime(2027, 11, 23, 14, 59, 59, tzinfo=UTC)


@pytest.fixture
def index(database: Database) -> CertificateIndex:
    return CertificateIndex(database)


def test_a_planned_serial_leads_to_its_stream_in_either_case(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM, OVER))

    assert (index.by_serial(SERIAL), index.by_serial(SERIAL.lower()), index.by_serial("A1")) == (STREAM, STREAM, None)


def test_only_an_issued_certificate_is_known_by_its_fingerprint(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM, OVER))
    planned = index.by_fingerprint(FINGERPRINT)
    write(database, index.issued(SERIAL, FINGERPRINT))

    assert (planned, index.by_fingerprint(FINGERPRINT), index.by_fingerprint("ab" * 32)) == (None, STREAM, None)


def test_a_fingerprint_once_found_is_not_asked_for_again(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM, OVER))
    write(database, index.issued(SERIAL, FINGERPRINT))
    index.by_fingerprint(FINGERPRINT)
    database.close()

    assert index.by_fingerprint(FINGERPRINT) == STREAM


def test_the_memory_of_fingerprints_is_bounded(
    index: CertificateIndex, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_index, "REMEMBERED", 1)
    for serial, fingerprint, stream in ((SERIAL, FINGERPRINT, STREAM), ("A1", "ab" * 32, OTHER)):
        write(database, index.planned(serial, stream, OVER))
        write(database, index.issued(serial, fingerprint))

    assert [index.by_fingerprint(one) for one in (FINGERPRINT, "ab" * 32)] == [STREAM, OTHER]
    assert index._streams == {"ab" * 32: OTHER}


def test_several_plans_may_lead_to_one_stream(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM, OVER), index.planned("A1", STREAM, OVER))

    assert (index.by_serial(SERIAL), index.by_serial("A1")) == (STREAM, STREAM)


def test_a_serial_is_planned_once_for_ever(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM, OVER))

    with pytest.raises(psycopg.errors.UniqueViolation):
        write(database, index.planned(SERIAL, OTHER, OVER))

    assert index.by_serial(SERIAL) == STREAM


def test_no_two_serials_share_a_fingerprint(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM, OVER), index.planned("A1", OTHER, OVER))
    write(database, index.issued(SERIAL, FINGERPRINT))

    with pytest.raises(psycopg.errors.UniqueViolation):
        write(database, index.issued("A1", FINGERPRINT))
