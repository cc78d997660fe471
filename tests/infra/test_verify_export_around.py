"""What comes with the facts of an export, manifest, head and the file itself, is not taken on trust (R10.4, R10.5)."""

from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZIP_STORED, ZipFile

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.export_file import Damaged, NoExport, open_export
from infra.export_manifest import FORMAT
from infra.tree_heads import HeadKey
from infra.verification import Wrong
from tests.support.accounts import NINE, SECOND
from tests.support.changed_exports import manifest_of, rewritten, with_manifest
from tests.support.signed_log import KEY, SIGNED, SignedLog, found_in, unpacked, verified

# ---- what comes with them


@pytest.mark.parametrize(
    "changes",
    [
        {"first": 1},
        {"end": 19},
        {"end": 21},
        {"count": 21},
        {"file": "/etc/passwd"},
        {"form": "csv"},
        {"blocks": []},
        {"before": ["ab" * 32]},
        {"behind": ["ab" * 32]},
    ],
    ids=str,
)
def test_numbers_of_the_manifest_that_do_not_go_together_are_found(log: SignedLog, changes: dict[str, Any]) -> None:
    head = log.signed(20)

    assert found_in(with_manifest(log.export(), **changes), head).what == "manifest"


def test_a_count_that_is_not_that_of_the_facts_is_found(log: SignedLog) -> None:
    head = log.signed(20)

    assert found_in(with_manifest(log.export(), count=19), head).what == "manifest"


def test_blocks_that_are_not_those_of_right_facts_are_found(log: SignedLog) -> None:
    head = log.signed(20)
    folder = unpacked(log.export())
    blocks = manifest_of(folder).blocks

    bad = found_in(with_manifest(folder, blocks=["ab" * 32, *blocks[1:]]), head)

    assert (bad.what, bad.more) == ("manifest", "the facts are as signed, but its blocks are not")


def test_hashes_of_what_lies_behind_that_are_wrong_are_found(log: SignedLog) -> None:
    head = log.signed(20)
    folder = unpacked(log.export(until=NINE + 16 * SECOND))

    bad = found_in(with_manifest(folder, behind=["ab" * 32]), head)

    assert (bad.what, bad.leaf, bad.last) == ("somewhere", 0, 15)


def test_a_range_of_nothing_with_wrong_hashes_around_is_found(log: SignedLog) -> None:
    head = log.signed(20)
    folder = unpacked(log.export(until=NINE))

    bad = found_in(with_manifest(folder, behind=["ab" * 32] * len(manifest_of(folder).behind)), head)

    assert (bad.what, bad.leaf) == ("manifest", None)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"format":1}', b"\xff"])
def test_a_manifest_that_is_none_is_found(log: SignedLog, text: bytes) -> None:
    head = log.signed(5)
    folder = unpacked(log.export())
    (folder / "manifest.json").write_bytes(text)

    assert found_in(folder, head).what == "manifest"


def test_a_manifest_of_another_version_is_for_another_verifier(log: SignedLog) -> None:
    head = log.signed(5)

    with pytest.raises(NoExport, match="shomei-export-1"):
        verified(with_manifest(log.export(), format="shomei-export-2"), head)


def test_a_head_beside_that_is_another_one_is_found(log: SignedLog) -> None:
    head = log.signed(5)
    folder = unpacked(log.export())
    (folder / "head.txt").write_text(KEY.sign(5, head.root, NINE).note)

    assert found_in(folder, head).what == "head"


def test_a_head_beside_that_another_key_signed_is_found(log: SignedLog) -> None:
    head = log.signed(5)
    folder = unpacked(log.export())
    note = HeadKey("shomei.bank.example.jp/log", Ed25519PrivateKey.generate()).sign(5, head.root, SIGNED).note
    (folder / "head.txt").write_text(note)
    told = msgspec.structs.replace(manifest_of(folder).head, note=note)

    assert found_in(with_manifest(folder, head=told), head).what == "head"


@pytest.mark.parametrize("changes", [{"size": 6}, {"root": "ab" * 32}, {"at": NINE}], ids=str)
def test_a_head_told_otherwise_than_it_was_signed_is_found(log: SignedLog, changes: dict[str, Any]) -> None:
    head = log.signed(5)
    folder = unpacked(log.export())
    told = msgspec.structs.replace(manifest_of(folder).head, **changes)

    assert found_in(with_manifest(folder, head=told), head).what in {"head", "manifest"}


@pytest.mark.parametrize("nested", ["[" * 200_000, "[" * 3000 + "]" * 3000 + "}"], ids=["open", "closed"])
def test_a_manifest_nested_without_end_is_none(log: SignedLog, nested: str) -> None:
    head = log.signed(5)
    folder = unpacked(log.export())
    (folder / "manifest.json").write_text(f'{{"format":"{FORMAT}","x":{nested}')

    assert found_in(folder, head).what == "manifest"


# ---- the file


def test_a_flipped_bit_anywhere_in_the_zip_is_found_or_changes_nothing(log: SignedLog) -> None:
    """Dates, rights and sizes that a ZIP has twice may differ: then each fact is as signed all the same."""
    head = log.signed(3)
    path = log.export()
    octets = path.read_bytes()
    outcomes = {"found": 0, "as signed": 0, "no export": 0}

    for place in range(0, len(octets), 31):
        path.write_bytes(octets[:place] + bytes([octets[place] ^ 4]) + octets[place + 1 :])
        try:
            assert verified(path, head).facts == 3
            outcomes["as signed"] += 1
        except NoExport:
            outcomes["no export"] += 1
        except (Damaged, Wrong):
            outcomes["found"] += 1

    assert outcomes["found"] > 0.8 * sum(outcomes.values())
    assert outcomes["no export"] <= 1  # its first two octets


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_BZIP2, ZIP_LZMA], ids=["stored", "bzip2", "lzma"])
def test_facts_packed_in_another_way_are_found_damaged_too(log: SignedLog, tmp_path: Path, method: int) -> None:
    """Whoever packs an export anew chooses how."""
    head = log.signed(30)
    path = tmp_path / "anew.zip"
    with ZipFile(log.export()) as made, ZipFile(path, "w", method) as anew:
        for name in made.namelist():
            anew.writestr(name, made.read(name))
    whole = path.read_bytes()

    untouched = verified(path, head).facts
    path.write_bytes(whole[:600] + bytes(16) + whole[616:])

    assert untouched == 30
    assert found_in(path, head).what == "damaged"


@pytest.mark.parametrize("kept", [2, 100, -1])
def test_a_zip_that_was_cut_is_damaged(log: SignedLog, kept: int) -> None:
    log.signed(5)
    path = log.export()
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(Damaged), open_export(path):
        pass


def test_facts_that_are_not_those_of_the_zips_checksum_are_damaged(log: SignedLog) -> None:
    head = log.signed(5)
    path = log.export()
    octets = path.read_bytes()
    checksum = octets.index(b"PK\x01\x02") + 16  # APPNOTE 4.3.12
    path.write_bytes(octets[:checksum] + bytes(4) + octets[checksum + 4 :])

    bad = found_in(path, head)

    assert (bad.what, bad.leaf) == ("damaged", 0)


def test_a_line_that_never_ends_is_damage(log: SignedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    head = log.signed(5)
    monkeypatch.setattr("infra.export_file.LONGEST", 4000)
    monkeypatch.setattr("infra.export_file.CHUNK", 1000)

    bad = found_in(rewritten(log.export(), lambda lines: [*lines[:3], b"x" * 9000]), head)

    assert (bad.what, bad.leaf) == ("damaged", 3)


@pytest.mark.parametrize("name", ["nothing.zip", "notes.txt", "empty"])
def test_what_is_no_export_is_not_verified(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("a text")
    (tmp_path / "empty").mkdir()

    with pytest.raises(NoExport), open_export(tmp_path / name):
        pass


def test_an_unpacked_export_without_its_facts_is_damaged(log: SignedLog) -> None:
    head = log.signed(5)
    folder = unpacked(log.export())
    (folder / "facts.jsonl").unlink()

    assert found_in(folder, head).what == "damaged"
