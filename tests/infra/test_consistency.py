"""A newer signed head continues an older one, seen from the two and a few hashes alone (R10.4; RFC 9162 2.1.4)."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from domain.tree_head import TreeHead
from infra import cli
from infra.consistency import Consistency, read, verify
from infra.tree_heads import HeadFault, sign
from infra.verification import Wrong
from projections.merkle import CompactRange, perfect_root, subtrees
from tests.support.letters import LOG_KEY

AT = datetime(2026, 11, 24, tzinfo=UTC)
HASHES = [bytes([number]) * 32 for number in range(70)]


def roots(begin: int, end: int, hashes: list[bytes]) -> list[str]:
    return [
        perfect_root(hashes[piece.place << piece.level : (piece.place + 1) << piece.level]).hex()
        for piece in subtrees(begin, end)
    ]


def note(size: int, hashes: list[bytes]) -> str:
    tree = CompactRange()
    tree.extend(hashes[:size])
    head = TreeHead(origin="shomei.example.jp/log", size=size, root=tree.root(), at=AT)
    return sign(head, LOG_KEY).note


def proof(old: int, new: int, since: list[bytes] = HASHES) -> Consistency:
    """Of the log's hashes, and of those that the newer head was signed over."""
    return Consistency(
        old=note(old, HASHES), new=note(new, since), before=roots(0, old, HASHES), behind=roots(old, new, HASHES)
    )


@given(st.integers(0, 70), st.integers(0, 70))
def test_any_two_heads_of_one_log_are_consistent(one: int, other: int) -> None:
    old, new = sorted((one, other))

    found = verify(proof(old, new), LOG_KEY.public_key())

    assert (found.old.size, found.new.size) == (old, new)


@pytest.mark.parametrize("changed", [0, 3, 16, 40, 41, 69])
def test_a_head_over_other_facts_is_not(changed: int) -> None:
    since = [*HASHES[:changed], b"x" * 32, *HASHES[changed + 1 :]]

    with pytest.raises(Wrong) as found:
        verify(proof(41, 70, since), LOG_KEY.public_key())

    assert found.value.bad.what == "consistency"


@pytest.mark.parametrize("part", ["before", "behind"])
@pytest.mark.parametrize("how", ["changed", "left out", "doubled"])
def test_other_hashes_prove_nothing(part: str, how: str) -> None:
    right = proof(41, 70)
    hashes = list(getattr(right, part))
    hashes = {"changed": ["00" * 32, *hashes[1:]], "left out": hashes[1:], "doubled": [*hashes, hashes[-1]]}[how]

    with pytest.raises(Wrong):
        verify(msgspec.structs.replace(right, **{part: hashes}), LOG_KEY.public_key())


def test_the_older_one_is_not_the_newer_ones_continuation() -> None:
    right = proof(41, 70)

    with pytest.raises(Wrong):
        verify(msgspec.structs.replace(right, old=right.new, new=right.old), LOG_KEY.public_key())


def test_a_head_that_the_log_did_not_sign_counts_for_nothing() -> None:
    right = proof(41, 70)

    with pytest.raises(HeadFault):
        verify(msgspec.structs.replace(right, new=right.new.replace("70", "71", 1)), LOG_KEY.public_key())


def test_it_is_read_from_a_file_and_anything_else_is_none(tmp_path: Path) -> None:
    right, path = proof(3, 5), tmp_path / "consistency-3-5.json"
    path.write_bytes(msgspec.json.encode(right))
    other = tmp_path / "other.json"

    assert read(path) == right
    assert read(tmp_path) is None
    assert read(tmp_path / "nothing") is None
    for content in (b"", b"PK", b"[" * 100_000, b'{"format": "shomei-export-1"}', os.urandom(100)):
        other.write_bytes(content)
        assert read(other) is None


# ---- `shomei audit verify FILE --head H --key log.pem`


def told(folder: Path, found: Consistency, head: str, *words: str) -> Result:
    """With nothing but these three files."""
    (folder / "proof.json").write_bytes(msgspec.json.encode(found))
    (folder / "head.txt").write_text(head)
    pem = LOG_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "log.pem").write_bytes(pem)
    named = [f"{folder}/proof.json", "--head", f"{folder}/head.txt", "--key", f"{folder}/log.pem"]
    return CliRunner().invoke(cli.main, ["audit", "verify", *named, *words])


@pytest.mark.parametrize("mine", [41, 70])
def test_the_command_says_that_the_newer_begins_with_the_older(tmp_path: Path, mine: int) -> None:
    done = told(tmp_path, proof(41, 70), note(mine, HASHES))

    signed = "signed on 2026-11-24 09:00:00 JST"
    assert done.stdout == (
        f"the log of 70 facts, {signed}, begins with the 41 facts {signed}: nothing of them was changed\n"
    )
    assert done.exit_code == 0


def test_the_command_tells_it_as_json(tmp_path: Path) -> None:
    done = told(tmp_path, proof(41, 70), note(41, HASHES), "--json")

    assert json.loads(done.stdout) == {"unchanged": True, "old": 41, "new": 70}


def test_the_command_fails_where_the_one_does_not_continue_the_other(tmp_path: Path) -> None:
    done = told(tmp_path, proof(41, 70, [b"x" * 32, *HASHES[1:]]), note(41, HASHES))

    assert done.exit_code == 1
    assert done.stderr == "Error: first bad place: the hashes do not lead from the one head to the other\n"


def test_a_proof_about_other_heads_than_mine_says_nothing(tmp_path: Path) -> None:
    done = told(tmp_path, proof(41, 70), note(40, HASHES))

    assert done.exit_code == 2
    assert "neither is among the given ones" in done.stderr
