"""Files that hold a secret (R4.11): for their owner alone, whole or not there, never overwritten."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.private_file import reserve_private, write_private


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_written_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    write_private(file, b"one")

    assert (file.read_bytes(), mode(file)) == (b"one", 0o600)


def test_a_file_that_everybody_could_read_is_replaced_by_one_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"old")
    file.chmod(0o644)

    write_private(file, b"new")

    assert (file.read_bytes(), mode(file)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.mkdir()  # which no rename of a file can replace

    with pytest.raises(OSError, match="secret"):
        write_private(file, b"new")

    assert list(tmp_path.iterdir()) == [file]


def test_a_reserved_file_is_new_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    os.close(reserve_private(file))

    assert (file.read_bytes(), mode(file)) == (b"", 0o600)


@pytest.mark.parametrize("there", ["file", "link"])
def test_what_is_there_already_is_not_reserved_not_even_through_a_link(tmp_path: Path, there: str) -> None:
    target, file = tmp_path / "target", tmp_path / "secret"
    file.write_bytes(b"old") if there == "file" else file.symlink_to(target)

    with pytest.raises(FileExistsError):
        reserve_private(file)

    assert not target.exists()
