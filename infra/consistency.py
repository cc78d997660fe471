"""That one tree is the beginning of another: a few hashes for who holds two signed heads and no fact (R10.4).

`before` are the roots of the perfect subtrees that the older tree falls into, `behind` those of what came since. The
first alone come to the older signed root, both together to the newer one: so nothing of the older was changed or taken
away. RFC 9162 2.1.4 proves the same with other hashes of the same tree; these are the ones that exports have too.
"""

from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.tree_head import TreeHead
from infra import tree_heads
from infra.export_manifest import Hash
from infra.verification import Bad, Wrong
from projections.merkle import CompactRange, subtrees

LONGEST = 1 << 16  # octets; no tree that can be needs more


class Consistency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`old` and `new` are the published notes."""

    format: Literal["shomei-consistency-1"] = "shomei-consistency-1"
    old: str
    new: str
    before: list[Hash]
    behind: list[Hash]


class Continued(msgspec.Struct, frozen=True):
    """The tree of `new` begins with that of `old`."""

    old: TreeHead
    new: TreeHead


def read(path: Path) -> Consistency | None:
    """None where the file is something else, an export say."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        text = file.read(LONGEST)
    try:
        return msgspec.json.decode(text, type=Consistency)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def verify(proof: Consistency, key: Ed25519PublicKey) -> Continued:
    """Raises HeadFault for notes that the log did not sign, Wrong."""
    (old,), (new,) = tree_heads.read(proof.old, key), tree_heads.read(proof.new, key)
    behind = list(subtrees(old.size, new.size))
    if new.size < old.size or len(proof.before) != old.size.bit_count() or len(proof.behind) != len(behind):
        raise Wrong(Bad(what="consistency"))
    tree = CompactRange(old.size, map(bytes.fromhex, proof.before))
    begins_so = tree.root() == old.root
    for piece, root in zip(behind, proof.behind, strict=True):
        tree.append(bytes.fromhex(root), piece.level)
    if not begins_so or tree.root() != new.root:
        raise Wrong(Bad(what="consistency"))
    return Continued(old, new)
