"""Certificates with which nobody may log in, and headers that claim one: through Debian's nginx, and without (Q9)."""

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.forgeries import MALFORMED, forgeries
from tests.support.guest import Listener
from tests.support.house import RIGHT
from tests.support.html import Page
from tests.support.nginx import needs_nginx
from tests.support.server import CLIENT, OCSP, SERVER, Issued, issue
from tests.support.street import Street
from tests.support.stress_table import record

pytestmark = needs_nginx
COMMAND = "make stress"
DAY = timedelta(days=1)
NONE, UNKNOWN = "電子証明書を受け取れませんでした", "本サービスの電子証明書ではありません"


@pytest.fixture(scope="module")
def live(street: Street) -> Path:
    """That of livei001."""
    return street.issued("livei001", DAY)


# ---- bad certificates: never a word of nginx's own, always the page that says why


def foreign(street: Street) -> Path:
    return street.wallet.file(street.wallet.foreign)


def self_signed(street: Street) -> Path:
    return street.wallet.file(street.wallet.self_signed)


def for_servers(street: Street) -> Path:
    return street.wallet.file(issue("livei001", street.ours, SERVER))


def an_authority(street: Street) -> Path:
    return street.wallet.file(street.ours)


def an_authority_under_ours(street: Street) -> Path:
    return street.wallet.file(issue("livei001", street.ours, CLIENT, OCSP))


def tampered(street: Street) -> Path:
    good = issue("livei001", street.ours, CLIENT)
    der = bytearray(good.certificate.public_bytes(Encoding.DER))
    der[-1] ^= 1
    return street.wallet.file(Issued(good.key, x509.load_der_x509_certificate(bytes(der))))


def of_our_name(street: Street) -> Path:
    """Whose issuer calls itself as ours does, and has another key."""
    return street.wallet.file(
        issue("livei001", Issued(ec.generate_private_key(ec.SECP256R1()), street.ours.certificate), CLIENT)
    )


def of_our_key(street: Street) -> Path:
    """Really signed by our authority, and never recorded."""
    return street.wallet.file(issue("livei001", street.ours, CLIENT))


def behind_a_long_chain(street: Street) -> Path:
    chain = [issue("authority", street.ours, CLIENT, OCSP)]
    for _ in range(40):
        chain.insert(0, issue("authority", chain[0], CLIENT, OCSP))
    return street.wallet.file(issue("livei001", chain[0], CLIENT), *chain)


def large(street: Street, issuer: ec.EllipticCurvePrivateKey | None = None) -> Path:
    """In one header it would be more than the application reads. Without `issuer` it only claims to be of ours."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(f"{number:060}.example.com") for number in range(900)]
    built = (
        x509.CertificateBuilder()
        .subject_name(street.wallet.valid.certificate.subject)
        .issuer_name(street.ours.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(street.now - DAY)
        .not_valid_after(street.now + DAY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return street.wallet.file(Issued(key, built.sign(issuer or key, SHA256())))


def revoked(street: Street) -> Path:
    file = street.issued("revok001", DAY)
    street.revoke("revok001")
    return file


BAD: dict[str, tuple[str, Callable[[Street], Path | None]]] = {
    "none": (NONE, lambda street: None),
    "expired": ("電子証明書の有効期限が切れています", lambda street: street.issued("expir001", 400 * DAY)),
    "not yet valid": ("電子証明書の有効期間が始まっていません", lambda street: street.issued("early001", -DAY)),
    "revoked": ("電子証明書は失効しています", revoked),
    "superseded": ("更新前の古い電子証明書です", lambda street: street.issued("renew001", 350 * DAY, 10 * DAY)),
    "foreign": (UNKNOWN, foreign),
    "foreign and expired": (UNKNOWN, lambda street: street.wallet.file(street.wallet.expired)),
    "self-signed": (UNKNOWN, self_signed),
    "for servers": (UNKNOWN, for_servers),
    "an authority's": (UNKNOWN, an_authority),
    "an authority's under ours": (UNKNOWN, an_authority_under_ours),
    "tampered": (UNKNOWN, tampered),
    "of our name": (UNKNOWN, of_our_name),
    "of our key": (UNKNOWN, of_our_key),
    "behind a long chain": (UNKNOWN, behind_a_long_chain),
    "large": (UNKNOWN, large),
}


def test_who_shows_no_usable_certificate_gets_the_page_that_says_so(street: Street, live: Path) -> None:
    told, sessions = {}, []

    for kind, (_, made) in BAD.items():
        with street.guest(made(street)) as guest:
            elsewhere = guest.get("/").status_code, guest.get("/issuance").status_code
            asked = guest.get("/login")
            sent = guest.post("/login", guest.token("/issuance"), user_id="livei001", password=RIGHT)
            told[kind] = (*elsewhere, asked.status_code, sent.status_code, *headings(asked.text, sent.text))
            sessions += [name for name in guest.client.cookies if "session" in name]

    assert told == {kind: (200, 200, 403, 403, heading, heading) for kind, (heading, _) in BAD.items()}
    assert sessions == []
    record(
        "Q9",
        f"{len(BAD)} kinds of bad certificate at GET and POST /login through nginx: {', '.join(BAD)}",
        f"{2 * len(BAD)} answers 403 with the page that names the fault, 0 of nginx's own; nobody let in",
        COMMAND,
    )


def headings(*pages: str) -> list[str]:
    """What each says first."""
    return [Page(page).root.all("h2")[0].text for page in pages]


# ---- forged headers


def test_no_forged_header_is_believed_whoever_ends_the_tls(street: Street, live: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert(live.read_text().partition("-----END PRIVATE KEY-----\n")[2])
    forged = forgeries(der)
    neighbour = street.issued("neigh001", DAY)
    visitors: list[tuple[Listener, Path | None, int, str]] = [
        (street.embedded, None, 403, NONE),
        (street.nginx, None, 403, NONE),
        (street.nginx, foreign(street), 403, UNKNOWN),
        (
            street.nginx,
            large(street, street.ours.key),
            403,
            NONE,
        ),  # verified, but told by no header: nor by the visitor's
        (street.embedded, neighbour, 200, "neigh001"),
        (street.nginx, neighbour, 200, "neigh001"),
    ]

    taken_for_another = [
        (way, listener.port, status)
        for way, lines in forged.items()
        for listener, certificate, expected, told in visitors
        for status, page in [street.sent(asking(lines), listener, certificate)]
        if not (status == 400 and way in MALFORMED)
        and not (status == expected and told in page and "livei001" not in page)
    ]

    assert street.told(asking(forged["as nginx writes them"]))[0] == 200  # for this the socket's folder is 0750
    assert (len(forged), taken_for_another) == (30, [])
    record(
        "Q9-headers",
        f"{len(forged)} ways to claim a live certificate by headers, at the embedded server and through nginx, without "
        "a certificate, with a foreign one, one too long for a header, and another live one",
        f"0 of {len(visitors) * len(forged)} believed",
        COMMAND,
    )


def asking(lines: bytes) -> bytes:
    return b"GET /login HTTP/1.1\r\nhost: 127.0.0.1\r\n" + lines + b"connection: close\r\n\r\n"
