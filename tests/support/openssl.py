"""Somebody with OpenSSL, a certificate with its chain, the root, and nothing else of ours."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class OpenSsl:
    """At work in `folder`. `url` is the base of what is served in the clear: OCSP, lists."""

    def __init__(
        self, folder: Path, url: str, leaf: x509.Certificate, chain: Sequence[x509.Certificate], root: bytes
    ) -> None:
        folder.mkdir()
        self.folder, self.url = folder, url
        self.leaf = leaf
        self.issuing = next(one for one in chain if one.subject == leaf.issuer)
        self._pem("leaf", leaf.public_bytes(Encoding.PEM))
        self._pem("issuing", self.issuing.public_bytes(Encoding.PEM))
        self._pem("chain", b"".join(one.public_bytes(Encoding.PEM) for one in chain))
        self._pem("root", root)

    def fetch(self, path: str, url: str | None = None) -> bytes:
        answer = httpx2.get((url or self.url) + path)
        assert answer.status_code == 200, answer.text
        return answer.content

    def ocsp(self, *words: str, url: str | None = None) -> str:
        asked = ("-issuer", "issuing.pem", "-url", f"{url or self.url}/ocsp", "-CAfile", "chain.pem")
        return self._openssl("ocsp", *asked, *words)

    def verify(self) -> str:
        """With both lists as they are now."""
        lists = b""
        for name in ("issuing", "root"):
            (self.folder / f"{name}.crl").write_bytes(self.fetch(f"/crl/{name}.crl"))
            lists += self._openssl("crl", "-inform", "DER", "-in", f"{name}.crl").encode()
        self._pem("lists", lists)
        trusted = ("-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "lists.pem")
        return self._openssl("verify", "-crl_check_all", *trusted, "leaf.pem")

    def _pem(self, name: str, content: bytes) -> None:
        (self.folder / f"{name}.pem").write_bytes(content)

    def _openssl(self, *words: str) -> str:
        """All that it prints, whatever its verdict."""
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True)
        return done.stdout + done.stderr
