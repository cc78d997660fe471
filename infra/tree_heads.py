"""Signed tree heads as they are published: C2SP checkpoints in signed notes (R10.4; c2sp.org/signed-note, Ed25519).

They are found again in any text, for they come back in files, mails and copied lines. Signatures of others, witnesses'
say, are passed over; each note must have one of the log's own key, under the origin's name.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.fact import WORKER
from domain.tree_head import TreeHead, TreeHeadSigned

ED25519 = b"\x01"  # signed-note, "Signature types"
KEY_ID = 4  # octets

QUOTED = re.compile(r"^(?:>[ \t]?)+", re.MULTILINE)
# Lines, an empty one, signatures. A mail program may have broken the long line on either side of the name.
NOTE = re.compile(
    r"((?:^\S.*\n){1,16})\n((?:^\N{EM DASH}[ \n]\S+[ \n][A-Za-z0-9+/=]{60,}(?:\n|\Z)){1,16})", re.MULTILINE
)
SIGNATURE = re.compile(r"\N{EM DASH}\s(\S+)\s(\S+)")
TEXT = re.compile(r"(\S+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\ntime ([0-9TZ:-]{20})\n", re.ASCII)


class HeadKey:
    """application.head_ports.LogKey."""

    def __init__(self, origin: str, key: Ed25519PrivateKey) -> None:
        """`origin` is the log's name in all its heads, without blank and plus."""
        self._origin = origin
        self._key = key

    def sign(self, size: int, root: bytes, now: datetime) -> TreeHeadSigned:
        return sign(TreeHead(origin=self._origin, size=size, root=root, at=now), self._key)


class HeadFault(Exception):
    """One sentence: there is no head, or one that the log's key has not signed."""


def origin(public_url: str) -> str:
    """The log's name: a URL without its scheme (c2sp.org/tlog-checkpoint, Note text)."""
    return f"{urlsplit(public_url).netloc}/log"


def sign(head: TreeHead, key: Ed25519PrivateKey) -> TreeHeadSigned:
    """The fact, which has the moment of the head."""
    return TreeHeadSigned(
        at=head.at,
        by=WORKER,
        origin=head.origin,
        size=head.size,
        root=head.root.hex(),
        key_id=key_id(head.origin, key.public_key()).hex(),
        signature=key.sign(head.text.encode()).hex(),
    )


def read(text: str, key: Ed25519PublicKey) -> list[TreeHead]:
    """The heads in the text, or in the mail whose source it is, each once; at least one. Raises HeadFault."""
    found = [_head(note, key) for part in (text, *_parts(text)) for note in NOTE.finditer(_plain(part))]
    if not found:
        raise HeadFault("there is no signed tree head in it")
    return list(dict.fromkeys(found))  # files of several machines have the same ones


def key_id(name: str, key: Ed25519PublicKey) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + key.public_bytes(Encoding.Raw, PublicFormat.Raw)).digest()[:KEY_ID]


def last_in(tail: bytes) -> TreeHead | None:
    """Of a file of heads; whether it is signed is not looked at."""
    notes = [note[1] for note in NOTE.finditer(tail.decode(errors="replace"))]
    return _told(notes[-1]) if notes else None


def _head(note: re.Match[str], key: Ed25519PublicKey) -> TreeHead:
    text, signatures = note.groups()
    head = _told(text)
    ours = key_id(head.origin, key)
    lines = [_decoded(line) for name, line in SIGNATURE.findall(signatures) if name == head.origin]
    if not any(line.startswith(ours) and _stands(line[KEY_ID:], text, key) for line in lines):
        raise HeadFault(f"the tree head of {head.size} facts was changed, or another key signed it")
    return head


def _told(text: str) -> TreeHead:
    told = TEXT.fullmatch(text)
    if told is None:
        raise HeadFault("there is a signed note in it that is no tree head, or was changed")
    origin, size, root, at = told.groups()
    try:
        moment = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as fault:
        raise HeadFault(f"the tree head of {size} facts was changed: its time is none") from fault
    return TreeHead(origin=origin, size=int(size), root=_decoded(root), at=moment)


def _decoded(signed: str) -> bytes:
    """Nothing where it is not base64: then it is no signature either."""
    try:
        return b64decode(signed, validate=True)
    except NotBase64:
        return b""


def _stands(signature: bytes, text: str, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def _plain(text: str) -> str:
    """No marks of quotation, and nothing white at the ends of lines."""
    lines = (line.rstrip() for line in text.split("\n"))
    return QUOTED.sub("", "\n".join(lines))


def _parts(source: str) -> Iterator[str]:
    """The text of a mail that is kept as it came over the wire."""
    message = message_from_string(source, _class=EmailMessage, policy=default)
    for part in message.walk():
        if part.get_content_type() == "text/plain" and part.get("Content-Transfer-Encoding"):
            content = part.get_content()
            if isinstance(content, str):
                yield content
