"""What the worker renews (R4.10, R4.11): OCSP signer, the issuing authority's list, and the root's where its key is."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from cryptography import x509
from psycopg.rows import TupleRow

from application.ports import Changes, Unreadable
from infra import root_list
from infra.event_store import EventStore
from infra.pki import Pki
from infra.postgres import Database
from tests.support.accounts import fact
from tests.support.pkix import NINE, PASSPHRASE, PKI_URL, authority_in
from tests.support.unreadable_facts import tamper

DAY = timedelta(days=1)
STREAM = UUID("4b1d8f0e-0000-4000-8000-000000000001")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "authority"


@pytest.fixture
def pki(home: Path, database: Database, store: EventStore) -> Iterator[Pki]:
    opened = Pki(home, PASSPHRASE, PKI_URL, authority_in(home), database, store)
    yield opened
    opened.close()


def current(pki: Pki, home: Path) -> tuple[object, object, object]:
    """The signer's certificate, and when each list was made."""
    signer = x509.load_pem_x509_certificate((home / "ocsp.pem").read_bytes())
    (listed,) = pki.newest.statuses._database.execute("select this_update from revocation_lists")
    root = root_list.read(home)
    return signer.serial_number, listed["this_update"], root.last_update_utc if root is not None else None


def test_what_is_due_is_renewed_and_nothing_else(pki: Pki, home: Path) -> None:
    pki.renew(NINE)
    first = current(pki, home)

    pki.renew(NINE + timedelta(hours=23))
    same = current(pki, home)
    pki.renew(NINE + 151 * DAY)
    later = current(pki, home)

    assert first[1:] == (NINE, NINE)
    assert same == first
    assert later[0] != first[0]
    assert later[1:] == (NINE + 151 * DAY, NINE + 151 * DAY)


def test_beside_a_revocation_that_cannot_be_read_the_rest_is_renewed_and_then_its_place_told(
    pki: Pki, home: Path, store: EventStore, owner: psycopg.Connection[TupleRow]
) -> None:
    pki.renew(NINE)
    store.save(Changes(STREAM, 0, [fact("CertificateRevoked", NINE, serial="0A", reason="lost")]))
    position = tamper(owner, STREAM, 1)

    with pytest.raises(Unreadable, match=f"position {position} "):
        pki.renew(NINE + 151 * DAY)

    assert current(pki, home)[1:] == (NINE, NINE + 151 * DAY)


def test_without_the_roots_key_the_rest_is_renewed(pki: Pki, home: Path) -> None:
    (home / "root" / "root.key").unlink()

    pki.renew(NINE + 151 * DAY)

    assert current(pki, home)[1:] == (NINE + 151 * DAY, NINE)
