"""Exports that somebody changed: lines of their facts, their manifest (R10.4)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from domain.reading import Form
from infra.export_manifest import Manifest
from tests.support.signed_log import unpacked

Lines = list[bytes]


def rewritten(path: Path, change: Callable[[Lines], Lines], form: Form = "jsonl") -> Path:
    """Unpacked, the lines of its facts changed; in a CSV the first is the heading."""
    folder = unpacked(path)
    facts = folder / f"facts.{form}"
    facts.write_bytes(b"".join(change(facts.read_bytes().splitlines(keepends=True))))
    return folder


def with_manifest(path: Path, **changes: Any) -> Path:
    folder = path if path.is_dir() else unpacked(path)
    file = folder / "manifest.json"
    manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, **changes)))
    return folder


def manifest_of(folder: Path) -> Manifest:
    return msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)


def swapped(one: int, other: int) -> Callable[[Lines], Lines]:
    def swap(lines: Lines) -> Lines:
        lines[one], lines[other] = lines[other], lines[one]
        return lines

    return swap


def without(place: int) -> Callable[[Lines], Lines]:
    return lambda lines: lines[:place] + lines[place + 1 :]


def put(place: int, line: bytes) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines[:place], line, *lines[place:]]


def replaced(place: int, old: bytes, new: bytes) -> Callable[[Lines], Lines]:
    def replace(lines: Lines) -> Lines:
        assert old in lines[place]
        lines[place] = lines[place].replace(old, new)
        return lines

    return replace
