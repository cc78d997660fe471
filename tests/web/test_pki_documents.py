"""Lists of revoked certificates and the authority's own, over HTTP (screens.md, Machine; RFC 5280 4.2.1.13)."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from domain.fact import COMMAND_LINE
from infra import root_list
from infra.authority import IssuingAuthority
from infra.authority_certificates import root_certificate
from infra.pki import Pki
from tests.support.house import BANK, TARO, House
from tests.support.ocsp import issued, pki
from web.pki import create_pki_app

__all__ = ["pki"]


@pytest.fixture
def client(pki: Pki, house: House) -> Iterator[TestClient]:
    with TestClient(create_pki_app(pki.routes(house.clock))) as client:
        yield client


@pytest.fixture
def serial(house: House) -> str:
    house.organization()
    return issued(house)


def revoke(house: House) -> None:
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())


@pytest.mark.parametrize("name", ["issuing", "root"])
def test_a_certificate_is_fetched(client: TestClient, authority: IssuingAuthority, name: str) -> None:
    answer = client.get(f"/ca/{name}.cer")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pkix-cert")
    assert x509.load_der_x509_certificate(answer.content) == getattr(authority, name)
    assert answer.headers["cache-control"].startswith("max-age=86400,")


def test_the_issuing_authoritys_list_is_fetched_and_renewed_by_a_revocation(
    client: TestClient, serial: str, house: House
) -> None:
    before = client.get("/crl/issuing.crl")
    revoke(house)

    after = client.get("/crl/issuing.crl")

    lists = [x509.load_der_x509_crl(one.content) for one in (before, after)]
    assert [[one.serial_number for one in found] for found in lists] == [[], [int(serial, 16)]]
    assert (after.status_code, after.headers["content-type"]) == (200, "application/pkix-crl")
    assert after.headers["cache-control"].startswith("max-age=600,")
    assert parsedate_to_datetime(after.headers["last-modified"]) == house.clock()


def test_a_list_that_is_known_is_not_sent_again(client: TestClient, serial: str) -> None:
    first = client.get("/crl/issuing.crl")

    again = client.get("/crl/issuing.crl", headers={"if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_the_roots_list_is_the_file_that_lies_there(client: TestClient, tmp_path: Path, house: House) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    missing = client.get("/crl/root.crl")
    root_list.publish(tmp_path, root_certificate(key, house.clock(), BANK), key, house.clock())

    found = client.get("/crl/root.crl")

    assert (missing.status_code, found.status_code) == (404, 200)
    assert found.content == (tmp_path / root_list.FILE).read_bytes()


@pytest.mark.parametrize("path", ["/crl/other.crl", "/ca/other.cer", "/crl/", "/crl/issuing", "/ca/../ca/x.cer", "/"])
def test_there_is_nothing_else(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_while_the_database_is_away_there_is_no_list(client: TestClient, serial: str, house: House) -> None:
    house.database.close()

    answer = client.get("/crl/issuing.crl")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
