"""`openssl ocsp` and `cfssl ocspserve` as peers, where they are installed: responders over files."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.ocsp_signer import OcspSigner


@contextmanager
def openssl_responder(
    home: Path, port: int, issuing: bytes, signer: OcspSigner, serial: str, end: str
) -> Iterator["subprocess.Popen[bytes] | None"]:
    """With one certificate in its index, that ends at `end` (YYMMDDHHMMSSZ), and the key of our own signer."""
    if not shutil.which("openssl"):
        yield None
        return
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in (
        ("index", f"V\t{end}\t\t{serial}\tunknown\t/CN=bench\n".encode()),
        ("ca.pem", issuing),
        ("signer.pem", signer.certificate.public_bytes(Encoding.PEM)),
        ("signer.key", key),
    ):
        (home / name).write_bytes(content)
    words = ["openssl", "ocsp", "-index", "index", "-CA", "ca.pem", "-rsigner", "signer.pem", "-rkey", "signer.key"]
    words += ["-port", str(port), "-nmin", "10", "-ignore_err"]
    yield from _running(words, home)


@contextmanager
def cfssl_responder(home: Path, port: int, answer: bytes) -> Iterator["subprocess.Popen[bytes] | None"]:
    """Serves the one answer from memory."""
    if not shutil.which("cfssl"):
        yield None
        return
    (home / "responses").write_bytes(base64.b64encode(answer) + b"\n")
    yield from _running(["cfssl", "ocspserve", "-responses", "responses", "-port", str(port), "-loglevel", "5"], home)


def _running(words: list[str], home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    nothing = subprocess.DEVNULL
    with subprocess.Popen(words, cwd=home, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        try:
            yield process
        finally:
            process.kill()
