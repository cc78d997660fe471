"""The heads outside the database: appended, never rewritten, whole again after a crash (R10.4)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from domain.tree_head import TreeHead, TreeHeadSigned
from infra.head_file import TAIL, HeadFile
from infra.tree_heads import HeadKey, last_in, read
from tests.support.accounts import MINUTE, NINE
from tests.support.letters import LOG_KEY


def head(size: int) -> TreeHeadSigned:
    return HeadKey("shomei.example.jp/log", LOG_KEY).sign(size, bytes([size % 256] * 32), NINE + size * MINUTE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heads" / "heads.txt"


def sizes(path: Path) -> list[int]:
    """Of the heads that an auditor reads in it, all of them signed."""
    return [each.size for each in read(path.read_text(), LOG_KEY.public_key())]


def test_the_file_is_made_with_the_first_head(path: Path) -> None:
    before = HeadFile(path).last()
    HeadFile(path).append([head(3)])

    assert before is None
    assert path.read_text() == head(3).note + "\n"
    assert HeadFile(path).last() == head(3).head


def test_heads_are_appended_in_their_order_each_once(path: Path) -> None:
    file = HeadFile(path)
    file.append([head(3), head(5)])
    first = path.read_bytes()
    file.append([head(5), head(8)])
    file.append([head(8)])

    assert path.read_text() == "".join(f"{head(size).note}\n" for size in (3, 5, 8))
    assert path.read_bytes().startswith(first)


def test_of_two_processes_that_append_a_head_at_once_one_does(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither looks at the file's end while the other is at it: they do not meet there."""
    meeting = Barrier(2, timeout=0.05)

    def meet(tail: bytes) -> TreeHead | None:
        with suppress(BrokenBarrierError):
            meeting.wait()
        return last_in(tail)

    monkeypatch.setattr("infra.head_file.last_in", meet)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: HeadFile(path).append([head(3)]), range(2)))

    assert path.read_text() == head(3).note + "\n"


@pytest.mark.parametrize("kept", [1, 20, 60, 90, 100, 160, 200, -2, -1])
def test_a_note_that_a_power_cut_tore_is_passed_over_and_written_again(path: Path, kept: int) -> None:
    file = HeadFile(path)
    file.append([head(3)])
    whole = path.read_bytes()
    file.append([head(5)])
    torn = whole + path.read_bytes()[len(whole) :][:kept]
    path.write_bytes(torn)

    file.append([head(5), head(8)])

    assert sizes(path) == [3, 5, 8]
    assert path.read_bytes().startswith(torn)


def test_of_a_long_file_only_the_end_is_read(path: Path) -> None:
    heads = [head(size) for size in range(1, 200)]
    HeadFile(path).append(heads)

    assert path.stat().st_size > 2 * TAIL
    assert HeadFile(path).last() == heads[-1].head
