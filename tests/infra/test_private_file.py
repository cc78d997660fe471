"""Files written whole (R4.11): a secret for its owner alone, whole or not there, and on the disk."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.private_file import new_private, reserve_private, write_first, write_whole


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_written_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    write_whole(file, b"one")

    assert (file.read_bytes(), mode(file)) == (b"one", 0o600)


def test_a_file_that_everybody_could_read_is_replaced_by_one_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"old")
    file.chmod(0o644)

    write_whole(file, b"new")

    assert (file.read_bytes(), mode(file)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.mkdir()  # which no rename of a file can replace

    with pytest.raises(OSError, match="secret"):
        write_whole(file, b"new")

    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode_wanted", [0o600, 0o644])
def test_a_file_has_the_mode_asked_for(tmp_path: Path, mode_wanted: int) -> None:
    file = tmp_path / "certificate"

    write_whole(file, b"one", mode=mode_wanted)

    assert mode(file) == mode_wanted


def test_of_several_that_write_first_the_first_ones_content_stays(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    write_first(file, b"one")
    write_first(file, b"two")

    assert (file.read_bytes(), mode(file)) == (b"one", 0o600)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("write", [write_whole, write_first])
def test_file_and_name_are_on_the_disk_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(stat.S_ISDIR(os.fstat(handle).st_mode)))

    write(tmp_path / "secret", b"one")

    assert synced == [False, True]


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


def test_a_new_file_is_there_once_it_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "export"

    with new_private(file) as out:
        out.write(b"one")
        names = {path.name == file.name for path in tmp_path.iterdir()}

    assert names == {False}
    assert (file.read_bytes(), mode(file)) == (b"one", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), new_private(tmp_path / "export"):
        raise OSError("full")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["file", "link"])
def test_a_new_file_takes_no_other_ones_place_not_even_through_a_link(tmp_path: Path, there: str) -> None:
    target, file = tmp_path / "target", tmp_path / "export"
    file.write_bytes(b"old") if there == "file" else file.symlink_to(target)
    before = set(tmp_path.iterdir())

    with pytest.raises(FileExistsError) as told, new_private(file):
        pytest.fail("nothing is written where there is one")

    assert told.value.filename == str(file)
    assert set(tmp_path.iterdir()) == before


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "export"

    with pytest.raises(FileExistsError) as told, new_private(file):
        file.write_bytes(b"other")

    assert told.value.filename == str(file)
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"other", [file])
