"""The documents say only what is so (style 11, 29; docs/manual-rules.md)."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULES = ROOT / "docs" / "manual-rules.md"


def names_written() -> Counter[str]:
    """The name of every test in tests/, and how often it is taken."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return Counter(
        name
        for file in files
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    )


def names_in(document: Path) -> set[str]:
    """Every test named there, files of tests left out."""
    return set(re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8")))


def test_every_test_that_the_rules_of_the_manual_name_exists() -> None:
    missing = sorted(names_in(RULES) - set(names_written()))

    assert missing == [], "docs/manual-rules.md names tests that are in no file of tests/"


def test_a_test_that_the_rules_of_the_manual_name_is_one_test_and_not_two() -> None:
    written = names_written()

    assert [name for name in sorted(names_in(RULES)) if written[name] > 1] == []


def test_the_rules_of_the_manual_name_tests_at_all() -> None:
    assert len(names_in(RULES)) > 50


def test_every_rule_has_its_three_columns() -> None:
    rows = [line for line in RULES.read_text(encoding="utf-8").splitlines() if line.startswith("|")]

    assert [row for row in rows if row.count("|") != 4] == []
