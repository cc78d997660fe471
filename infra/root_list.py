"""The root's own list (R4.10): made where the root's key is, and otherwise a file beside its certificate.

Nothing stands on it, for the issuing authority is the only one under this root; verifiers want one all the same.
"""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from infra.certificate_parts import IssuerKey
from infra.private_file import write_whole
from infra.revocation_list import Entries, next_number, sign

FILE = "root.crl"
LIFE = timedelta(days=180)  # R4.10
RENEWAL = timedelta(days=30)  # before its end


def publish(home: Path, root: x509.Certificate, key: IssuerKey, now: datetime) -> None:
    """Raises OSError."""
    before = read(home)
    number = next_number(_number_of(before) if before is not None else 0, now)
    this_update = now.replace(microsecond=0)
    signed = sign(root, key, number, this_update, this_update + LIFE, Entries())
    write_whole(home / FILE, b"".join(signed.parts()), mode=0o644)


def read(home: Path) -> x509.CertificateRevocationList | None:
    """None where there is none that can be read."""
    try:
        return x509.load_der_x509_crl((home / FILE).read_bytes())
    except (OSError, ValueError):
        return None


def term(home: Path) -> tuple[datetime, datetime] | None:
    """From its making until when the list is good; None where there is none that says so."""
    found = read(home)
    if found is None or found.next_update_utc is None:
        return None
    return found.last_update_utc, found.next_update_utc


def end(home: Path) -> datetime | None:
    """Until when the list is good; None where there is none that says so."""
    found = term(home)
    return found[1] if found is not None else None


def is_due(home: Path, now: datetime) -> bool:
    good_until = end(home)
    return good_until is None or now >= good_until - RENEWAL


def _number_of(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
