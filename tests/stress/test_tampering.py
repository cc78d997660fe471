"""Random tamperings of the stored facts by somebody with all rights: all found, the first bad place named (measure Q7).

The tree's read model and the heads are left alone: the facts are what is attacked. Where the tree is changed too, the
place is told by heads (tests/infra/test_verify_database.py).
"""

import random
from collections import Counter

import pytest

from domain.reading import Form
from domain.tree_head import TreeHead
from tests.support.accounts import NINE, SECOND
from tests.support.signed_log import SignedLog, found_in, unpacked, verified
from tests.support.stress_table import record
from tests.support.tampering import Tampering

FORMS: list[Form] = ["jsonl", "csv"]
COMMAND = "make stress"
SAMPLED = 10  # each tenth through an export too


@pytest.fixture
def heads(log: SignedLog, long: bool) -> list[TreeHead]:
    """Signed over a log that grew; it ends within a block, and facts that no head covers stand behind."""
    sizes = (1, 1022, 1500, 2000) if long else (1, 600, 700)
    heads = [log.signed(facts) for facts in sizes]
    log.fill(50)
    return heads


def test_each_of_1000_tamperings_is_found_at_its_first_place(log: SignedLog, heads: list[TreeHead], long: bool) -> None:
    rounds = 200 if long else 8
    covered = heads[-1].size
    tampering = Tampering(log.owner, covered, seed=7)
    whats, wrong, exported = Counter[str](), list[object](), 0

    for number in range(rounds):
        for name, act in tampering.acts.items():
            leaf = act()
            bad = log.found(*heads)
            whats[f"{name}: {bad.what}"] += 1
            if bad.leaf != leaf or bad.last is not None:
                wrong.append((name, leaf, bad))
            if number % SAMPLED == 0:
                form, exported = FORMS[number // SAMPLED % 2], exported + 1
                in_file = found_in(log.export(form, head=covered), *heads)
                if in_file.leaf != leaf:
                    wrong.append((name, form, leaf, in_file))
            tampering.restore()

    assert wrong == []
    assert log.verify(*heads).facts == covered
    record(
        "Q7",
        f"{len(tampering.acts) * rounds} random tamperings of {covered} stored facts by the tables' owner: edit, "
        f"delete, swap, insert, cut tail; {exported} of them through an export too",
        f"all found, each at its first leaf; told as {', '.join(f'{what} {n}' for what, n in sorted(whats.items()))}",
        COMMAND,
    )


def test_of_100_clean_runs_none_is_a_false_alarm(log: SignedLog, long: bool) -> None:
    rounds = 100 if long else 4
    chance = random.Random(7)  # noqa: S311  (a walk that can be repeated, no secret)
    heads: list[TreeHead] = []
    facts, checked = 0, 0

    for number in range(rounds):
        more = chance.choice([1, 30, 300])
        facts += more
        heads.append(log.signed(more))
        first, last = sorted(chance.choices(range(facts + 1), k=2))
        path = log.export(FORMS[number % 2], since=NINE + first * SECOND, until=NINE + last * SECOND)

        assert log.verify(*heads).facts == heads[-1].size
        checked += verified(path, *heads).facts

    record(
        "Q7-clean",
        f"{rounds} runs over a log that grows, against all heads so far; in each an export of a random range",
        f"0 false alarms; {facts} facts and {len(heads)} heads at the end, {checked} facts verified in exports",
        COMMAND,
    )


def test_of_1000_changed_octets_of_an_export_each_is_found(log: SignedLog, heads: list[TreeHead], long: bool) -> None:
    rounds = 500 if long else 10
    chance = random.Random(7)  # noqa: S311  (a walk that can be repeated, no secret)
    whats, wrong = Counter[str](), list[object]()

    for form in FORMS:
        folder = unpacked(log.export(form))
        file = folder / f"facts.{form}"
        octets = file.read_bytes()
        for _ in range(rounds):
            place, bit = chance.randrange(len(octets)), 1 << chance.randrange(8)
            file.write_bytes(octets[:place] + bytes([octets[place] ^ bit]) + octets[place + 1 :])
            line = octets.count(b"\n", 0, place) - (form == "csv")
            bad = found_in(folder, *heads)
            whats[bad.what] += 1
            if bad.leaf is not None and bad.leaf != max(0, line):
                wrong.append((form, place, bit, line, bad))

    assert wrong == []
    record(
        "Q7-export",
        f"one bit of the facts in an export changed, {rounds} times in JSON Lines and as often in CSV",
        f"all found; told as {', '.join(f'{what} {n}' for what, n in sorted(whats.items()))}",
        COMMAND,
    )
