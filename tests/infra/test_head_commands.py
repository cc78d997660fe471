"""`shomei audit head`: the newest signed head, to be kept by auditors (R10.4; screens.md, "Command line")."""

from pathlib import Path

import pytest

from infra.tree_heads import read
from tests.support.command_line import CommandLine
from tests.support.database import Dsn
from tests.support.heads import Heads
from tests.support.house import NINE, House
from tests.support.letters import LOG_KEY


@pytest.fixture
def heads(house: House, dsn: Dsn, tmp_path: Path) -> Heads:
    house.organization()
    return Heads(house, dsn, tmp_path)


def test_the_newest_head_is_printed_as_it_was_published(shomei: CommandLine, heads: Heads) -> None:
    heads.sign()
    heads.keep_up()

    told = shomei.run("audit", "head")

    assert told.exit_code == 0
    assert told.stdout == heads.path.read_text().removesuffix("\n")
    assert read(told.stdout, LOG_KEY.public_key()) == heads.signed()


def test_the_newest_head_as_an_object(shomei: CommandLine, heads: Heads) -> None:
    heads.sign()
    heads.keep_up()

    told = shomei.json("audit", "head")

    [head] = heads.signed()
    assert told == {
        "size": head.size,
        "root": head.root.hex(),
        "at": NINE.isoformat(),
        "note": heads.path.read_text().removesuffix("\n"),
    }


def test_before_the_first_head_it_is_said_who_signs(shomei: CommandLine, heads: Heads) -> None:
    heads.keep_up()

    assert "start `shomei remind`" in shomei.refusal("audit", "head")


def test_a_head_that_the_log_lost_is_printed_with_a_warning_and_fails(
    shomei: CommandLine, heads: Heads, house: House
) -> None:
    heads.sign()
    heads.keep_up()
    house.database.execute("update views.log_tree_1_heads set root = %s", "00" * 32)

    told = shomei.run("audit", "head")

    assert told.exit_code == 1
    assert told.stdout.startswith("shomei.bank.example.jp/log\n2\n")
    assert "the log no longer has the tree of this head" in told.stderr
