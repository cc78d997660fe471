"""A fact in an export, as a line of JSON or a row of CSV: for people to read, and to be hashed again (R10.5).

`state` holds the stored octets, which are JSON in UTF-8, as text: they come back from it exactly. In a CSV a cell that
a spreadsheet would take for a formula gets an apostrophe in front, and so does one that begins with an apostrophe: who
reads it back takes one apostrophe away wherever there is one, and nothing is lost.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from domain.fact import Fact
from domain.reading import Form
from infra.event_store import FactMapper
from infra.log_snapshot import Stored
from web.csv import FORMULA, MARK

KINDS = {kind.TOPIC: kind.__name__ for kind in Fact.every() if kind.TOPIC in FactMapper.decoders}
GUARDED = frozenset({*FORMULA, "'"})

Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ExportedFact(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """`at`, `kind` and `actor` repeat for readers what `state` and `topic` say. `leaf` is the fact's index in the tree,
    `position` its number in the log, which has holes; `hash` is the leaf's, in hex, as the tree has it."""

    at: str
    kind: str
    actor: str
    leaf: Number
    position: Number
    stream: str
    version: Number
    topic: str
    state: str
    hash: str


class NotAFact(Exception):
    """A line that we would not have written; `found` is what it says, where that can be told."""

    def __init__(self, found: ExportedFact | None = None) -> None:
        super().__init__()
        self.found = found


class _Told(msgspec.Struct, gc=False):
    at: str = ""
    by: str = ""


_told = msgspec.json.Decoder(_Told).decode
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ExportedFact).decode

COLUMNS = ExportedFact.__struct_fields__
STREAM, HASH = 16, 32  # octets
NUMBERS = frozenset({"leaf", "position", "version"})
HEADINGS: dict[Form, bytes] = {"jsonl": b"", "csv": f"{MARK}{','.join(COLUMNS)}\r\n".encode()}


def exported(index: int, fact: Stored, leaf_hash: str) -> ExportedFact:
    """Octets that are no UTF-8, as no fact's ever were, become the sign for that: so it is seen that they are wrong."""
    position, stream, version, topic, state = fact
    at, actor = _readable(state)
    written, kind = written_stream(stream), KINDS.get(topic, topic)
    text = state.decode(errors="replace")
    return ExportedFact(at, kind, actor, index, position, written, version, topic, text, leaf_hash)


def written_stream(stream: bytes) -> str:
    told = stream.hex()
    return f"{told[:8]}-{told[8:12]}-{told[12:16]}-{told[16:20]}-{told[20:]}"


def write(form: Form, facts: Iterable[ExportedFact]) -> bytes:
    if form == "jsonl":
        return b"".join([_encode(fact) + b"\n" for fact in facts])
    text = io.StringIO()
    csv.writer(text).writerows([_guarded(cell) for cell in msgspec.structs.astuple(fact)] for fact in facts)
    return text.getvalue().encode()


def read(form: Form, lines: Iterable[bytes]) -> Iterator[tuple[ExportedFact, Stored]]:
    """Lines with their ends. Raises NotAFact, and then there is no more, where one is not as `write` writes it.

    To the octet: so an actor that was changed, or a name that stands twice, is found too, though no hash has it.
    """
    for fact, line in _from_json(lines) if form == "jsonl" else _from_csv(iter(lines)):
        stored = _stored(fact)
        if stored is None or write(form, [fact]) != line:
            raise NotAFact(fact)
        yield fact, stored


def _from_json(lines: Iterable[bytes]) -> Iterator[tuple[ExportedFact, bytes]]:
    for line in lines:
        try:
            yield _decode(line), line
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotAFact from error


def _from_csv(lines: Iterator[bytes]) -> Iterator[tuple[ExportedFact, bytes]]:
    if next(lines, b"") != HEADINGS["csv"]:
        raise NotAFact
    taken: list[bytes] = []

    def text() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line.decode()

    try:
        for cells in csv.reader(text(), strict=True):
            named = zip(COLUMNS, map(_unguarded, cells), strict=True)
            numbered = {name: int(cell) if name in NUMBERS else cell for name, cell in named}
            yield msgspec.convert(numbered, ExportedFact), b"".join(taken)
            taken.clear()
    except (csv.Error, ValueError) as error:  # msgspec's and Unicode's are such too
        raise NotAFact from error


def _guarded(cell: str | int) -> str | int:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in GUARDED else cell


def _unguarded(cell: str) -> str:
    return cell.removeprefix("'")


def _readable(state: bytes) -> tuple[str, str]:
    """When and who; nothing where it is no fact at all."""
    try:
        told = _told(state)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ""
    return told.at, told.by


def _stored(fact: ExportedFact) -> Stored | None:
    """What is hashed of it; None where what is for readers says something else, or the hash is none.

    A kind of fact that this version does not know may have any name.
    """
    try:
        stream, state = bytes.fromhex(fact.stream.replace("-", "")), fact.state.encode()
        leaf_hash = bytes.fromhex(fact.hash)
    except ValueError:
        return None
    kind = KINDS.get(fact.topic, fact.kind)
    told = len(stream), len(leaf_hash), written_stream(stream), kind, _readable(state)
    if told != (STREAM, HASH, fact.stream, fact.kind, (fact.at, fact.actor)):
        return None
    return Stored(fact.position, stream, fact.version, fact.topic, state)
