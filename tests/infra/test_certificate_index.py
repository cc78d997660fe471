"""Which stream a serial or a certificate leads to (R4.9, R4.10)."""

from uuid import UUID

import psycopg
import pytest

from infra.certificate_index import CertificateIndex
from infra.postgres import Database
from tests.support.rows import write

STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("9c2e7a1d-0000-4000-8000-000000000002")
SERIAL = "5F0C2B7A"
FINGERPRINT = "cd" * 32


@pytest.fixture
def index(database: Database) -> CertificateIndex:
    return CertificateIndex(database)


def test_a_planned_serial_leads_to_its_stream_in_either_case(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM))

    assert (index.by_serial(SERIAL), index.by_serial(SERIAL.lower()), index.by_serial("A1")) == (STREAM, STREAM, None)


def test_only_an_issued_certificate_is_known_by_its_fingerprint(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM))
    planned = index.by_fingerprint(FINGERPRINT)
    write(database, index.issued(SERIAL, FINGERPRINT))

    assert (planned, index.by_fingerprint(FINGERPRINT), index.by_fingerprint("ab" * 32)) == (None, STREAM, None)


def test_several_plans_may_lead_to_one_stream(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM), index.planned("A1", STREAM))

    assert (index.by_serial(SERIAL), index.by_serial("A1")) == (STREAM, STREAM)


def test_a_serial_is_planned_once_for_ever(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM))

    with pytest.raises(psycopg.errors.UniqueViolation):
        write(database, index.planned(SERIAL, OTHER))

    assert index.by_serial(SERIAL) == STREAM


def test_no_two_serials_share_a_fingerprint(index: CertificateIndex, database: Database) -> None:
    write(database, index.planned(SERIAL, STREAM), index.planned("A1", OTHER), index.issued(SERIAL, FINGERPRINT))

    with pytest.raises(psycopg.errors.UniqueViolation):
        write(database, index.issued("A1", FINGERPRINT))
