"""An export against signed heads from outside of it, in one pass and with little memory (R10.4, R10.5).

The heads that were given decide, not the one that came with the export. What the manifest says of the tree is believed
as far as it comes to a signed root: then its blocks tell the first bad one, and the hashes listed in that, where they
come to the block's root, the leaf.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import islice

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.tree_head import TreeHead
from infra import tree_heads
from infra.export_file import Damaged, ExportFile, NoExport, lines
from infra.export_manifest import FORMAT, HEAD, MANIFEST, Manifest, facts_file, pieces
from infra.export_rows import ExportedFact, NotAFact, read
from infra.log_snapshot import Stored, next_border
from infra.verification import Bad, Growth, Undecided, Verified, What, Wrong, bad_fact, hash_of, tampered
from projections.merkle import CompactRange, perfect_root, subtrees
from projections.views import Told

STREAMS = 100_000  # whose last versions are remembered, and once more as many
ANOTHER_FORM = "the export has another form than {}: verify it with the version that made it"
TWO_HISTORIES = "it and the head that was given are of one size and of two histories"
TWO_HEADS = "head.txt and the manifest have two different ones"
NUMBERS = "its numbers do not go together"
BLOCKS = "the facts are as signed, but its blocks are not"
AROUND = "or the manifest's hashes of what lies before and behind are not those of the tree"
FIRST_SEEN = "the first that does not belong to the hash beside it is leaf {}"
NO_HEAD = "none of the given heads says anything of these facts: give the one of {} facts{}, or {}"

Exported = tuple[ExportedFact, Stored]


def verify_export(export: ExportFile, given: Sequence[TreeHead], key: Ed25519PublicKey, told: Told) -> Verified:
    """The heads are known to be the log's. Raises Wrong, Undecided, NoExport."""
    try:
        manifest = _manifest(export)
        _check_own_head(export, manifest, key)
        heads = _of_these_facts(manifest, given)
        return _Pass(manifest, heads).run(export, told)
    except Damaged as error:
        raise Wrong(Bad(what="damaged")) from error


class _Form(msgspec.Struct):
    format: str


def _manifest(export: ExportFile) -> Manifest:
    """One whose numbers go together."""
    text = export.text(MANIFEST)
    try:
        if msgspec.json.decode(text, type=_Form).format != FORMAT:
            raise NoExport(ANOTHER_FORM.format(FORMAT))
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Wrong(Bad(what="manifest")) from error
    first, end, size = manifest.first, manifest.end, manifest.head.size
    if not (
        manifest.file == facts_file(manifest.form)
        and first <= end <= size
        and len(manifest.before) == first.bit_count()
        and len(manifest.behind) == sum(1 for _ in subtrees(end, size))
        and len(manifest.blocks) == sum(1 for _ in islice(pieces(first, end), len(manifest.blocks) + 1))
    ):
        raise Wrong(Bad(what="manifest", more=NUMBERS))
    return manifest


def _check_own_head(export: ExportFile, manifest: Manifest, key: Ed25519PublicKey) -> None:
    told = manifest.head
    if export.text(HEAD) != told.note.encode():
        raise Wrong(Bad(what="head", more=TWO_HEADS))
    try:
        (own,) = tree_heads.read(told.note, key)
    except (tree_heads.HeadFault, ValueError) as error:
        raise Wrong(Bad(what="head")) from error
    if (own.size, own.root.hex(), own.at) != (told.size, told.root, told.at):
        raise Wrong(Bad(what="head", more=NUMBERS))


def _of_these_facts(manifest: Manifest, given: Sequence[TreeHead]) -> list[TreeHead]:
    """The given heads that can be told from this export: those within its range, and the one that it was made for."""
    first, end, size = manifest.first, manifest.end, manifest.head.size
    heads = [head for head in given if first < head.size <= end or head.size == size]
    if not heads:
        behind = [head.size for head in given if head.size > end]
        another = f"export with --head {min(behind)}" if behind else "wait for a newer one"
        within = f" or of {first + 1} to {end}" if first < end else ""
        raise Undecided(NO_HEAD.format(size, within, another))
    if any(head.size == size and head.root.hex() != manifest.head.root for head in heads):
        raise Wrong(Bad(what="head", more=TWO_HISTORIES))
    return heads


class _Pass:
    """Over the facts, a block at a time."""

    def __init__(self, manifest: Manifest, heads: Sequence[TreeHead]) -> None:
        self._manifest, self._heads = manifest, heads
        within = [head for head in heads if head.size <= manifest.end]
        self._growth = Growth(CompactRange(manifest.first, map(bytes.fromhex, manifest.before)), within)
        self._roots = iter([bytes.fromhex(root) for root in manifest.blocks])
        self._versions = _Versions()
        self._is_led = self._leads_from(self._tree_of_blocks())

    def run(self, export: ExportFile, told: Told) -> Verified:
        place, end, digest = self._manifest.first, self._manifest.end, sha256()
        with closing(export.facts(self._manifest.file)) as file:
            facts = read(self._manifest.form, lines(file, digest.update))
            while place < end:
                border = min(end, next_border(place))
                self._check_block(place, border, *_taken(facts, border - place))
                place = border
                told(place - self._manifest.first, end - self._manifest.first)
            _check_end(end, *_taken(facts, 1))
        self._check_whole()
        if self._manifest.count != end - self._manifest.first:
            raise Wrong(Bad(what="manifest", more=NUMBERS))
        if digest.hexdigest() != self._manifest.sha256:
            raise Wrong(Bad(what="file"))
        return self._verified()

    def _check_block(self, begin: int, end: int, block: list[Exported], fault: What | None) -> None:
        """Piece by piece, and in each the facts up to the first that is missing, or stands in a wrong place."""
        numbered = next((n for n, (fact, _) in enumerate(block) if fact.leaf != begin + n), len(block))
        stored = [each for _, each in block]
        hashes = [hash_of(index, each) for index, each in enumerate(stored[:numbered], begin)]
        listed = [bytes.fromhex(fact.hash) for fact, _ in block]
        done = 0
        for level, _ in pieces(begin, end):
            part = slice(done, done + (1 << level))
            root, done = next(self._roots), part.stop
            if done <= numbered and self._is_led and perfect_root(hashes[part]) != root:
                raise Wrong(_bad_piece(begin, part, root, hashes, listed, stored))
            mismatch = _mismatch(hashes[part], listed[part])
            if mismatch is not None:
                raise Wrong(_unlike(begin, part.start + mismatch, listed, stored))
            if done > numbered:
                raise Wrong(_broken_off(begin + numbered, block[numbered:], fault))
        self._check_versions(begin, stored)
        self._growth.extend(hashes)
        if self._growth.wrong:
            more = None if self._is_led else AROUND
            raise Wrong(Bad(what="somewhere", leaf=self._growth.right, last=self._growth.wrong.size - 1, more=more))

    def _check_versions(self, begin: int, facts: Iterable[Stored]) -> None:
        for index, fact in enumerate(facts, begin):
            if not self._versions.follows(fact.stream, fact.version):
                raise Wrong(bad_fact("version", index, fact))

    def _check_whole(self) -> None:
        """Whether all comes to the signed root, and if so the manifest's blocks too."""
        manifest = self._manifest
        if not self._leads_from(self._growth.tree):
            if self._growth.right == manifest.end:
                raise Wrong(Bad(what="manifest", more=AROUND))
            raise Wrong(Bad(what="somewhere", leaf=self._growth.right, last=manifest.end - 1, more=AROUND))
        if not self._is_led:
            raise Wrong(Bad(what="manifest", more=BLOCKS))

    def _tree_of_blocks(self) -> CompactRange:
        first, end = self._manifest.first, self._manifest.end
        tree = CompactRange(first, map(bytes.fromhex, self._manifest.before))
        for piece, root in zip(pieces(first, end), self._manifest.blocks, strict=True):
            tree.append(bytes.fromhex(root), piece.level)
        return tree

    def _leads_from(self, tree: CompactRange) -> bool:
        """To the signed root, by what lies behind the range."""
        manifest = self._manifest
        whole = CompactRange(tree.size, tree.roots)
        for piece, root in zip(subtrees(manifest.end, manifest.head.size), manifest.behind, strict=True):
            whole.append(bytes.fromhex(root), piece.level)
        return whole.root().hex() == manifest.head.root

    def _verified(self) -> Verified:
        first, end = self._manifest.first, self._manifest.end
        newest = max(self._heads, key=lambda head: head.size)
        covered = min(newest.size, end)
        return Verified(facts=covered - first, head=newest, heads=len(self._heads), not_covered=end - covered)


class _Versions:
    """The last one seen of each stream, as far as that was not too long ago: memory is bounded."""

    def __init__(self) -> None:
        self._last: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}

    def follows(self, stream: bytes, version: int) -> bool:
        last = self._last.get(stream) or self._before.get(stream)
        if len(self._last) == STREAMS:
            self._last, self._before = {}, self._last
        self._last[stream] = version
        return last is None or version == last + 1


def _taken(facts: Iterator[Exported], wanted: int) -> tuple[list[Exported], What | None]:
    """As many as wanted, or those before the end or a fault; where that is, only who asked knows."""
    block: list[Exported] = []
    try:
        for each in islice(facts, wanted):
            block.append(each)  # noqa: PERF402  (what came before a fault is wanted too)
    except NotAFact:
        return block, "line"
    except Damaged:
        return block, "damaged"
    return block, None


def _check_end(end: int, more: list[Exported], fault: What | None) -> None:
    """Whether nothing stands behind the range."""
    if more:
        raise Wrong(bad_fact("inserted", end, more[0][1]))
    if fault:
        raise Wrong(Bad(what=fault, leaf=end))


def _mismatch(hashes: Sequence[bytes], listed: Sequence[bytes]) -> int | None:
    return next((n for n, (one, other) in enumerate(zip(hashes, listed, strict=False)) if one != other), None)


def _bad_piece(
    begin: int, part: slice, root: bytes, hashes: list[bytes], listed: list[bytes], stored: list[Stored]
) -> Bad:
    """Of a piece whose root is known: the leaf, if the hashes listed are those that come to the root."""
    first, last = begin + part.start, begin + part.stop - 1
    mismatch = _mismatch(hashes[part], listed[part])
    if mismatch is None:
        return Bad(what="somewhere", leaf=first, last=last)
    at = part.start + mismatch
    if perfect_root(listed[part]) != root:
        return Bad(what="somewhere", leaf=first, last=last, more=FIRST_SEEN.format(begin + at))
    return tampered(begin + at, listed[at:], stored[at:])


def _unlike(begin: int, at: int, listed: list[bytes], stored: list[Stored]) -> Bad:
    """A fact and the hash beside it, of which nobody knows which is right, unless both have been moved."""
    found = tampered(begin + at, listed[at:], stored[at:])
    return bad_fact("mismatch", begin + at, stored[at]) if found.what == "changed" else found


def _broken_off(expected: int, found: Sequence[Exported], fault: What | None) -> Bad:
    """Where another leaf stands than the one expected, or none."""
    if not found:
        return Bad(what=fault or "cut", leaf=expected)
    fact, stored = found[0]
    if fact.leaf < expected:
        return bad_fact("inserted", max(fact.leaf, expected - 1), stored)
    is_behind = any(behind.leaf == expected for behind, _ in found)
    return bad_fact("moved" if is_behind else "missing", expected, stored)
