"""Secrets that would sing: every way in which a value may stand in a file, and the files in which it does (Q11)."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

CHUNK = 16  # octets of a key that are looked for: of three neighbours at most one is broken by the end of a PEM's line
WHENCE = 100  # octets into a p12, behind what all of them begin with

Spellings = frozenset[bytes]


def of_octets(secret: bytes) -> Spellings:
    """As it is, in hex, and in base64 wherever in a longer text it may begin."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for before in range(3):
        # The first and the last sign would be made of neighbours too.
        for encode in (b64encode, urlsafe_b64encode):
            found.add(encode(bytes(before) + secret).rstrip(b"=")[(0, 2, 3)[before] : -1])
    return frozenset(found)


def of_text(secret: str) -> Spellings:
    """In each encoding that a database, a log or a header may use."""
    written = {quote(secret).encode(), json.dumps(secret)[1:-1].encode()}
    for encoding in ("utf-8", "utf-16-le", "euc-jp", "shift-jis"):
        written |= of_octets(secret.encode(encoding))
    return frozenset(written)


def of_package(p12: bytes, password: str) -> Spellings:
    """The private numbers of the key in it, piece by piece, which all its encodings hold; and the file itself."""
    key = pkcs12.load_key_and_certificates(p12, password.encode())[0]
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    secret = key.private_numbers()
    match secret:
        case rsa.RSAPrivateNumbers():
            numbers = [secret.p, secret.q, secret.d]
        case _:
            numbers = [secret.private_value]
    pieces = {p12[WHENCE : WHENCE + CHUNK]}
    for number in numbers:
        octets = number.to_bytes(-(-number.bit_length() // 8))
        pieces |= {octets[at : at + CHUNK] for at in range(0, len(octets) - CHUNK + 1, CHUNK)}
    return frozenset(spelling for piece in pieces for spelling in of_octets(piece))


def files_below(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def found_in(files: Iterable[Path], canaries: Mapping[str, Spellings]) -> dict[str, list[Path]]:
    """Of each canary the files in which it stands; those of none are left out."""
    found: dict[str, list[Path]] = {}
    for file in files:
        content = file.read_bytes()
        for name, spellings in canaries.items():
            if any(spelling in content for spelling in spellings):
                found.setdefault(name, []).append(file)
    return found
