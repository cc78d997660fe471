"""OCSP answers over the real store (R4.10; RFC 6960, RFC 9654): what is cached, and when it is dropped."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.certificate import CertificatePlanned, Reason
from domain.fact import COMMAND_LINE
from infra import ocsp_responder
from infra.authority import IssuingAuthority
from infra.ocsp import MALFORMED_REQUEST, TRY_LATER, UNAUTHORIZED
from infra.ocsp_responder import FRESH
from infra.pki import Pki
from tests.support.eventually import eventually
from tests.support.house import TARO, House
from tests.support.ocsp import GOOD, REVOKED, UNKNOWN, issued, pki, read, request, second_pki
from tests.support.pkix import findings_in_answer
from web.pki import Answer

__all__ = ["pki", "second_pki"]

SECOND = timedelta(seconds=1)
NONCE = bytes(range(32))


@pytest.fixture
def serial(house: House) -> str:
    house.organization()
    return issued(house)


@pytest.fixture
def asked(authority: IssuingAuthority, serial: str) -> bytes:
    """For the user's certificate, without a nonce."""
    return request(authority.issuing, serial)


def revoke(house: House, reason: Reason = "lost") -> None:
    house.desk.revocation.revoke_user(TARO, reason, COMMAND_LINE, house.clock())


def warmed(pki: Pki, asked: bytes, house: House) -> Answer:
    """The answer, signed and cached."""

    def is_cached() -> bool:
        pki.responder.answer(asked, house.clock())
        return pki.responder.at_once(asked, house.clock()) is not None

    assert eventually(is_cached)  # the first sign of life takes the server a moment
    return pki.responder.answer(asked, house.clock())


def is_dropped(pki: Pki, asked: bytes, house: House) -> bool:
    return pki.responder.at_once(asked, house.clock()) is None


def status(answer: Answer | None) -> ocsp.OCSPCertStatus:
    assert answer is not None
    return read(answer.body).certificate_status


def test_a_certificate_in_use_is_good(pki: Pki, asked: bytes, house: House) -> None:
    answer = pki.responder.answer(asked, house.clock())

    assert status(answer) is GOOD


@pytest.mark.parametrize(
    ("reason", "flag"),
    [("lost", x509.ReasonFlags.key_compromise), ("retired", x509.ReasonFlags.cessation_of_operation)],
)
def test_a_revoked_certificate_is_told_with_its_time_and_reason(
    pki: Pki, asked: bytes, house: House, reason: Reason, flag: x509.ReasonFlags
) -> None:
    revoke(house, reason)

    found = read(pki.responder.answer(asked, house.clock()).body)

    assert (found.certificate_status, found.revocation_time_utc, found.revocation_reason) == (
        REVOKED,
        house.clock(),
        flag,
    )


def test_on_request_is_told_without_a_reason(pki: Pki, asked: bytes, house: House) -> None:
    revoke(house, "requested")

    found = read(pki.responder.answer(asked, house.clock()).body)

    assert (found.certificate_status, found.revocation_reason) == (REVOKED, None)


@pytest.mark.parametrize("number", [1, 127, 128, 1 << 159, (1 << 160) - 1])
def test_a_serial_that_was_never_issued_is_unknown_and_never_good(
    pki: Pki, authority: IssuingAuthority, house: House, number: int
) -> None:
    asked = request(authority.issuing, number)

    answer = pki.responder.answer(asked, house.clock())

    assert status(answer) is UNKNOWN
    assert read(answer.body).serial_number == number
    assert answer.next_update is None  # for others' caches: the next moment it may be issued


def plan_only(house: House) -> str:
    """An issue that was cut off before the signature; the serial it had planned."""
    house.organization()
    house.user()
    house.between.fails_at("sign", RuntimeError("cut off"))
    cookie = house.enter()
    house.start(cookie)
    with pytest.raises(RuntimeError):
        house.work(cookie)
    (planned,) = (fact for fact in house.every_fact() if isinstance(fact, CertificatePlanned))
    return planned.serial


def test_a_serial_that_is_only_planned_is_unknown_until_it_is_revoked(
    pki: Pki, authority: IssuingAuthority, house: House
) -> None:
    serial = plan_only(house)
    asked = request(authority.issuing, serial)
    before = status(pki.responder.answer(asked, house.clock()))

    house.desk.revocation.revoke_serial(serial, "lost", COMMAND_LINE, house.clock())

    assert (before, status(pki.responder.answer(asked, house.clock()))) == (UNKNOWN, REVOKED)


def test_that_a_serial_is_only_planned_is_not_cached(pki: Pki, authority: IssuingAuthority, house: House) -> None:
    serial = plan_only(house)
    warmed(pki, request(authority.issuing, issued(house, "jiro0002")), house)

    pki.responder.answer(request(authority.issuing, serial), house.clock())

    assert is_dropped(pki, request(authority.issuing, serial), house)


@pytest.mark.parametrize("hash_", ["sha1", "sha256"])
@pytest.mark.parametrize("nonce", [None, NONCE])
def test_an_answer_is_what_was_asked_for_and_signed_by_the_delegated_signer(
    pki: Pki, authority: IssuingAuthority, serial: str, house: House, hash_: str, nonce: bytes | None
) -> None:
    asked = request(authority.issuing, serial, nonce, hash_=hash_)

    body = pki.responder.answer(asked, house.clock()).body

    found, sent = read(body), ocsp.load_der_ocsp_request(asked)
    (signer,) = found.certificates
    key = signer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert found.signature_hash_algorithm is not None
    key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(found.signature_hash_algorithm))
    signer.verify_directly_issued_by(authority.issuing)
    assert found.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(key).digest
    for one in ("issuer_name_hash", "issuer_key_hash", "serial_number"):
        assert getattr(found, one) == getattr(sent, one)
    assert [one.value for one in found.extensions] == ([x509.OCSPNonce(nonce)] if nonce else [])
    assert findings_in_answer(body) == []


def test_an_answer_is_good_for_ten_minutes(pki: Pki, asked: bytes, house: House) -> None:
    found = read(pki.responder.answer(asked, house.clock()).body)

    assert (found.produced_at_utc, found.this_update_utc) == (house.clock(), house.clock())
    assert found.next_update_utc == house.clock() + timedelta(minutes=10)


def test_an_answer_is_signed_once_and_given_again_for_five_minutes(pki: Pki, asked: bytes, house: House) -> None:
    first = warmed(pki, asked, house)
    house.clock.advance(FRESH - SECOND)
    before = pki.responder.at_once(asked, house.clock())
    house.clock.advance(SECOND)

    after = pki.responder.answer(asked, house.clock())

    assert before is first
    assert (after.this_update, pki.responder.at_once(asked, house.clock())) == (house.clock(), after)


def test_an_answer_from_a_clock_that_was_set_back_is_not_given(pki: Pki, asked: bytes, house: House) -> None:
    warmed(pki, asked, house)
    house.clock.advance(-SECOND)

    assert pki.responder.at_once(asked, house.clock()) is None


def test_one_with_a_nonce_is_signed_each_time(pki: Pki, authority: IssuingAuthority, serial: str, house: House) -> None:
    asked = request(authority.issuing, serial, NONCE)
    warmed(pki, request(authority.issuing, serial), house)

    first, second = (pki.responder.at_once(asked, house.clock()) for _ in range(2))

    assert (status(first), status(second)) == (GOOD, GOOD)
    assert first is not None and second is not None  # noqa: PT018  (for the types)
    assert first.body != second.body
    assert (first.next_update, first.is_for_one) == (None, True)


def test_one_with_a_nonce_is_signed_at_once_only_where_that_is_allowed(
    pki: Pki, authority: IssuingAuthority, serial: str, house: House
) -> None:
    asked = request(authority.issuing, serial, NONCE)
    warmed(pki, request(authority.issuing, serial), house)

    assert pki.responder.at_once(asked, house.clock(), may_sign=False) is None
    assert status(pki.responder.answer(asked, house.clock())) is GOOD


def test_one_with_a_nonce_tells_of_a_revocation_too(
    pki: Pki, authority: IssuingAuthority, serial: str, house: House
) -> None:
    asked = request(authority.issuing, serial, NONCE)
    warmed(pki, request(authority.issuing, serial), house)

    revoke(house)

    assert eventually(lambda: pki.responder.at_once(asked, house.clock()) is None)
    assert status(pki.responder.answer(asked, house.clock())) is REVOKED


def test_the_next_answer_of_every_process_after_a_revocation_says_so(
    pki: Pki, second_pki: Pki, asked: bytes, house: House
) -> None:
    for process in (pki, second_pki):
        warmed(process, asked, house)

    revoke(house)

    for process in (pki, second_pki):
        assert eventually(lambda: is_dropped(process, asked, house))  # noqa: B023  (asked at once)
        assert status(process.responder.answer(asked, house.clock())) is REVOKED


def test_a_revocation_drops_the_answers_of_that_certificate_alone(
    pki: Pki, authority: IssuingAuthority, asked: bytes, house: House
) -> None:
    other = request(authority.issuing, issued(house, "jiro0002"))
    in_sha256 = request(authority.issuing, str(house.certificate().serial), hash_="sha256")
    kept = warmed(pki, other, house)
    for one in (asked, in_sha256):
        warmed(pki, one, house)

    revoke(house)
    assert eventually(lambda: is_dropped(pki, asked, house))

    assert [pki.responder.at_once(one, house.clock()) for one in (asked, in_sha256, other)] == [None, None, kept]


def test_without_its_connection_it_answers_from_the_store(
    pki: Pki, asked: bytes, house: House, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    warmed(pki, asked, house)
    monkeypatch.setattr(pki.newest.notices, "listen", lambda: None)  # nor does it get another
    cut_off(owner)
    revoke(house)

    answer = pki.responder.answer(asked, house.clock())

    assert pki.responder.at_once(asked, house.clock()) is None
    assert status(answer) is REVOKED


def test_with_another_connection_nothing_of_before_is_believed(
    pki: Pki, asked: bytes, house: House, owner: psycopg.Connection[Any]
) -> None:
    warmed(pki, asked, house)
    cut_off(owner)
    revoke(house)
    assert is_dropped(pki, asked, house)
    pki.newest.notices._tried_at = -1.0  # it may try again at once

    answer = warmed(pki, asked, house)

    assert status(answer) is REVOKED


def cut_off(owner: psycopg.Connection[Any]) -> None:
    """Ends the connections that wait for notices, and comes back when they are gone."""
    query = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'shomei ocsp'"
    assert owner.execute(query).fetchall() == [(True,)]


def test_a_revocation_while_the_answer_is_made_keeps_it_out_of_the_cache(
    pki: Pki, authority: IssuingAuthority, asked: bytes, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_sha256 = request(authority.issuing, str(house.certificate().serial), hash_="sha256")
    warmed(pki, in_sha256, house)
    of = pki.newest.statuses.of

    def of_before(serial: str) -> object:
        found = of(serial)
        revoke(house)
        assert eventually(lambda: is_dropped(pki, in_sha256, house))  # somebody else reads the notice
        return found

    monkeypatch.setattr(pki.newest.statuses, "of", of_before)

    answer = pki.responder.answer(asked, house.clock())

    assert status(answer) is GOOD  # as it was when it was asked for
    assert is_dropped(pki, asked, house)


def test_the_cache_has_its_bound(
    pki: Pki, authority: IssuingAuthority, asked: bytes, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocsp_responder, "MOST_ANSWERS", 2)
    others = [request(authority.issuing, issued(house, user_id)) for user_id in ("jiro0002", "saburo03")]
    warmed(pki, asked, house)

    for other in others:
        pki.responder.answer(other, house.clock())

    kept = [pki.responder.at_once(one, house.clock()) is not None for one in (asked, *others)]
    assert kept == [False, True, True]
    assert len(pki.newest.responder._by_stream) == 2


def test_another_authoritys_certificate_is_not_for_us_to_answer(
    pki: Pki, authority: IssuingAuthority, house: House
) -> None:
    asked = request(authority.root, authority.issuing.serial_number)

    assert pki.responder.at_once(asked, house.clock()) is UNAUTHORIZED


def test_while_the_database_is_away_it_says_to_try_later(pki: Pki, asked: bytes, house: House) -> None:
    house.database.close()

    assert pki.responder.answer(asked, house.clock()) is TRY_LATER


@settings(
    max_examples=200,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.binary(max_size=300))
def test_whatever_is_sent_is_answered(pki: Pki, house: House, body: bytes) -> None:
    assert pki.responder.at_once(body, house.clock()) is MALFORMED_REQUEST
