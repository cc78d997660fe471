"""Key pairs and the PKCS#12 files that carry them (R4.7; RFC 7292).

A lost file lets anybody try passwords at leisure, so each way in costs the same: key, certificates and MAC have their
own iterations. `cryptography` derives the first two with one number and leaves the MAC at 2,048: the rest is here.
"""

import hmac
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from hashlib import sha1, sha256
from multiprocessing import get_context, parent_process
from typing import Final, Literal, ParamSpec, TypeVar, cast

import msgspec
import structlog
from asn1crypto import pkcs12 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    pkcs12,
)

from application.ports import KeyPair, Unavailable
from domain.organization_facts import Profile
from infra.certificate_parts import RSA_EXPONENT
from infra.clock import sleep

log = structlog.get_logger(__name__)

KeyType = Literal["p256", "rsa2048", "rsa3072"]

MOST_ROUNDS = 190_000  # R4.7: some importers refuse over 600,000 in all
MAC_KEY = b"\x03"  # the purpose of RFC 7292 B.3
DIGEST_BLOCK = 64  # octets, of SHA-1 as of SHA-256: v in RFC 7292 B.2
MAC_SALT = 16  # octets
PACKING_PRIORITY = 10  # on the scale of nice(2), 19 being the lowest
ATTEMPTS = 3  # at one piece of work, each in a new pool: the second may have been forked by a server that was dying too
PAUSES = (0.02, 0.1, 0.5, 2.0)  # seconds, after a start that failed

# What encrypts and what authenticates. `legacy` is all that macOS and Windows before 10 (1709) import.
ALGORITHMS: Final = {
    "modern": (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256()),
    "legacy": (pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1()),  # noqa: S303  (what those importers know)
}

P = ParamSpec("P")
T = TypeVar("T")


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """Iterations of the key derivations, each 1 to 190,000."""

    key: int = 100_000
    certificates: int = 100_000
    mac: int = 100_000

    def __post_init__(self) -> None:
        if not all(1 <= rounds <= MOST_ROUNDS for rounds in (self.key, self.certificates, self.mac)):
            raise ValueError(f"PKCS#12 iterations must be 1 to {MOST_ROUNDS:,} each")


class KeyPackageFactory:
    """The port KeyPackages, on worker processes: packing holds the GIL for a tenth of a second.

    Workers are forked from a clean server process, so none inherits this one's sockets, threads or secrets. They start
    with the factory, end with it, and with this process however it dies. Safe to share between threads.
    """

    def __init__(self, key_type: KeyType = "p256", rounds: Rounds | None = None, workers: int = 2) -> None:
        self._key_type = key_type
        self._rounds = rounds or Rounds()
        self._workers = workers
        self._renewal = threading.Lock()
        self._pool = self._new_pool()

    def new_key(self) -> KeyPair:
        """P-256 is made here, in less time than a question to a worker takes."""
        return make_key(self._key_type) if self._key_type == "p256" else self._run(make_key, self._key_type)

    def pack(
        self,
        user_id: str,
        key: KeyPair,
        certificate: bytes,
        chain: tuple[bytes, bytes],
        password: str,
        profile: Profile,
    ) -> bytes:
        """Raises Unavailable when worker after worker dies of it, or none can be started."""
        return self._run(pack, user_id, key.private, certificate, chain, password, profile, self._rounds)

    def close(self) -> None:
        """Waits for what is being packed."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        fault: BrokenProcessPool | None = None
        pool = self._pool
        for _ in range(ATTEMPTS):
            try:
                return pool.submit(work, *args, **kwargs).result()
            except BrokenProcessPool as broken:
                fault, pool = broken, self._pool_after(pool)
        raise Unavailable(f"workers died on one key package {ATTEMPTS} times") from fault

    def _pool_after(self, broken: ProcessPoolExecutor) -> ProcessPoolExecutor:
        """One new pool, however many threads saw the old one break."""
        with self._renewal:
            if self._pool is broken:
                broken.shutdown(wait=False)
                self._pool = self._new_pool()
            return self._pool

    def _new_pool(self) -> ProcessPoolExecutor:
        """A server process that was killed a moment ago is still taken for alive: it refuses, or hangs up (measured: in
        9 of 60 such deaths). As soon as its parent may reap it, another is started in its place."""
        for pause in PAUSES:
            pool = self._pool_of_workers()
            try:
                for _ in range(self._workers):
                    pool.submit(os.getpid)  # a worker starts when there is work and nobody idle
            except (OSError, EOFError) as fault:
                pool.shutdown(wait=False, cancel_futures=True)
                log.warning("no worker for key packages could be started", fault=type(fault).__name__)
                sleep(pause)
            else:
                return pool
        raise Unavailable("no worker for key packages can be started")

    def _pool_of_workers(self) -> ProcessPoolExecutor:
        context = get_context("forkserver")
        context.set_forkserver_preload(["__main__", __name__])  # imported once, not in each worker
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_live_with_parent)


def make_key(key_type: KeyType) -> KeyPair:
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if key_type == "p256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(RSA_EXPONENT, {"rsa2048": 2048, "rsa3072": 3072}[key_type])
    return KeyPair(
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def pack(
    user_id: str,
    private_key: bytes,
    certificate: bytes,
    chain: tuple[bytes, bytes],
    password: str,
    profile: Profile,
    rounds: Rounds,
) -> bytes:
    """The DER of a PFX (RFC 7292 4) with the whole chain, key and leaf named by the user ID. `profile` says how old the
    programs are that must open it."""
    # The key is one of make_key's: validating RSA would cost 0.1 s and tell nothing.
    loaded = load_der_private_key(private_key, None, unsafe_skip_rsa_key_validation=True)
    key = cast(ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, loaded)
    leaf, *authorities = (x509.load_der_x509_certificate(der) for der in (certificate, *chain))
    cipher, digest = ALGORITHMS[profile]

    def encrypted(iterations: int) -> asn1.Pfx:
        protection = PrivateFormat.PKCS12.encryption_builder().key_cert_algorithm(cipher).hmac_hash(digest)
        return asn1.Pfx.load(
            pkcs12.serialize_key_and_certificates(
                user_id.encode(), key, leaf, authorities, protection.kdf_rounds(iterations).build(password.encode())
            )
        )

    pfx = encrypted(rounds.certificates)
    if rounds.key != rounds.certificates:
        # Certificates stand first, the key second: each from the file that has its iterations.
        certificates_content, key_content = _contents(pfx)[0], _contents(encrypted(rounds.key))[1]
        pfx["auth_safe"]["content"] = asn1.AuthenticatedSafe([certificates_content, key_content]).dump()
    _authenticate(pfx, password, digest.name, rounds.mac)
    return bytes(pfx.dump(force=True))


def _contents(pfx: asn1.Pfx) -> asn1.AuthenticatedSafe:
    return asn1.AuthenticatedSafe.load(pfx["auth_safe"]["content"].native)


def _authenticate(pfx: asn1.Pfx, password: str, digest: str, iterations: int) -> None:
    """A new MAC over the content (RFC 7292 4), in the digest that the file names already."""
    salt = os.urandom(MAC_SALT)
    mac = pfx["mac_data"]
    mac["mac"]["digest"] = hmac.digest(
        mac_key(password, salt, digest, iterations), pfx["auth_safe"]["content"].native, digest
    )
    mac["mac_salt"] = salt
    mac["iterations"] = iterations


def mac_key(password: str, salt: bytes, digest: str, iterations: int) -> bytes:
    """RFC 7292 B.2 where the key is as long as one digest, as the MAC's is, so that steps 6B and 6C fall away."""
    digest_of = {"sha1": sha1, "sha256": sha256}[digest]
    state = DIGEST_BLOCK * MAC_KEY + _blocks(salt) + _blocks(password.encode("utf-16-be") + b"\0\0")
    for _ in range(iterations):
        state = digest_of(state).digest()
    return state


def _blocks(text: bytes) -> bytes:
    """`text` over and over, up to whole blocks (B.2, steps 2 and 3)."""
    length = -(-len(text) // DIGEST_BLOCK) * DIGEST_BLOCK
    return (text * length)[:length]


def _live_with_parent() -> None:
    """Ctrl-C is the parent's to handle; and a worker whose parent was killed would wait for work for ever.

    Packing gives way to whatever answers a visitor: on a full machine the web's loop would wait its turn behind it.
    """
    os.nice(PACKING_PRIORITY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
