"""Which certificates each generation of the issuing authority answers for: OCSP, lists, signers (R4.10)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from domain.certificate import certificate_stream
from domain.fact import COMMAND_LINE
from infra import bootstrap, generations, ocsp_signer
from infra.authority import IssuingAuthority, create
from infra.certificate_index import CertificateIndex
from infra.ocsp import UNAUTHORIZED
from infra.pki import Pki
from infra.settings import Settings
from tests.support.eventually import eventually
from tests.support.house import TARO, House
from tests.support.ocsp import GOOD, REVOKED, UNKNOWN, issued, read, request
from tests.support.pkix import BANK, NINE, PASSPHRASE, PKI_URL, authority_in
from web.pki import Answer

HANAKO = "hanako01"
DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "apart"


@pytest.fixture
def first(home: Path) -> IssuingAuthority:
    return authority_in(home)


def renew(home: Path, at: datetime = NINE) -> IssuingAuthority:
    return generations.renew(home, PASSPHRASE, at, PKI_URL)


@pytest.fixture
def second(home: Path, first: IssuingAuthority) -> IssuingAuthority:
    return renew(home)


@pytest.fixture
def pki(house: House, home: Path, first: IssuingAuthority, second: IssuingAuthority) -> Iterator[Pki]:
    opened = Pki(home, PASSPHRASE, PKI_URL, second, house.database, house.store, [first])
    yield opened
    opened.close()


def planned_for(house: House, authority: IssuingAuthority, user_id: str) -> str:
    """A certificate in use, as if a process with that generation had issued it."""
    serial = issued(house, user_id)
    query = "update certificate_index set authority = %s where serial = %s"
    house.database.execute(query, authority.key_identifier, serial)
    return serial


def listed(pki: Pki, name: str, now: datetime) -> x509.CertificateRevocationList:
    found = pki.documents.revocation_list(name, now)
    assert found is not None
    return x509.load_der_x509_crl(b"".join(found.content))


def status(pki: Pki, authority: IssuingAuthority, serial: str, now: datetime) -> ocsp.OCSPCertStatus:
    return read(pki.responder.answer(request(authority.issuing, serial), now).body).certificate_status


def test_what_signs_now_is_noted_beside_the_serial(house: House, second: IssuingAuthority) -> None:
    index = CertificateIndex(house.database, second.key_identifier)
    with house.database.transaction() as cursor:
        index.planned("0A", certificate_stream(TARO, 1), NINE + DAY)(cursor)

    assert house.database.execute("select authority from certificate_index") == [{"authority": second.key_identifier}]


def test_each_generation_answers_for_what_it_issued(
    house: House, pki: Pki, first: IssuingAuthority, second: IssuingAuthority
) -> None:
    house.organization()
    old, new = planned_for(house, first, TARO), planned_for(house, second, HANAKO)
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())

    told = [status(pki, *asked, house.clock()) for asked in ((first, old), (second, new), (first, new), (second, old))]

    assert told == [REVOKED, GOOD, UNKNOWN, UNKNOWN]


def test_each_generation_lists_what_it_issued(
    house: House, pki: Pki, first: IssuingAuthority, second: IssuingAuthority
) -> None:
    house.organization()
    old, new = planned_for(house, first, TARO), planned_for(house, second, HANAKO)
    for user_id in (TARO, HANAKO):
        house.desk.revocation.revoke_user(user_id, "lost", COMMAND_LINE, house.clock())

    lists = [listed(pki, name, house.clock()) for name in ("issuing", "issuing-2")]

    assert [[one.serial_number for one in found] for found in lists] == [[int(old, 16)], [int(new, 16)]]
    for found, authority in zip(lists, (first, second), strict=True):
        assert found.issuer == authority.issuing.subject
        assert found.is_signature_valid(authority.key.public_key())


def test_another_authority_is_answered_by_none(house: House, pki: Pki, tmp_path: Path) -> None:
    asked = request(authority_in(tmp_path / "foreign").issuing, "0A")

    assert pki.responder.at_once(asked, house.clock()) is UNAUTHORIZED
    assert pki.responder.answer(asked, house.clock()) is UNAUTHORIZED


def test_each_generation_has_a_signer_of_its_own(
    house: House, home: Path, pki: Pki, first: IssuingAuthority, second: IssuingAuthority
) -> None:
    pki.renew(house.clock())

    for authority, name in ((first, ocsp_signer.FILE), (second, "ocsp-2.pem")):
        assert ocsp_signer.OcspSigner.load(home / name, PASSPHRASE, authority.issuing) is not None


def test_the_earlier_list_goes_on_until_a_list_came_after_its_last_certificate(
    house: House, pki: Pki, first: IssuingAuthority
) -> None:
    house.organization()
    serial = planned_for(house, first, TARO)
    end = house.database.execute("select not_after from certificate_index where serial = %s", serial)[0]["not_after"]
    before = listed(pki, "issuing", end)

    last = listed(pki, "issuing", end + DAY)
    much_later = listed(pki, "issuing", end + 30 * DAY)

    assert before.last_update_utc < last.last_update_utc == end + DAY
    assert much_later == last
    assert listed(pki, "issuing-2", end + 30 * DAY).last_update_utc == end + 30 * DAY


@pytest.mark.parametrize("generation", [0, 1], ids=["first", "second"])
def test_a_revocation_drops_the_answer_of_either_generation_at_once(
    house: House, pki: Pki, first: IssuingAuthority, second: IssuingAuthority, generation: int
) -> None:
    house.organization()
    asked = [
        request(one.issuing, planned_for(house, one, user_id)) for one, user_id in ((first, TARO), (second, HANAKO))
    ]

    def are_cached() -> bool:
        for one in asked:
            pki.responder.answer(one, house.clock())
        return None not in map(at_once, asked)

    def at_once(request: bytes) -> Answer | None:
        return pki.responder.at_once(request, house.clock())

    assert eventually(are_cached)

    house.desk.revocation.revoke_user((TARO, HANAKO)[generation], "lost", COMMAND_LINE, house.clock())

    at_once(asked[1 - generation])  # whose responder must take nothing from the other's
    assert eventually(lambda: at_once(asked[generation]) is None)
    assert read(pki.responder.answer(asked[generation], house.clock()).body).certificate_status is REVOKED


def test_a_generation_that_has_ended_answers_no_more(house: House, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "old", pki_url=PKI_URL)
    home = tmp_path / "old" / "authority"
    create(home, PASSPHRASE, datetime(2012, 1, 1, tzinfo=UTC), PKI_URL, BANK)
    (tmp_path / "old" / "authority-passphrase").write_bytes(PASSPHRASE)
    renewed = renew(home)

    with bootstrap.pki(settings, house.database, house.store) as opened:
        opened.renew(NINE)

        assert opened.newest.authority.chain == renewed.chain
        assert opened.documents.certificate("issuing") is None
        assert not (home / ocsp_signer.FILE).exists()
