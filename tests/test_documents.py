"""The documents say only what is so (style 11, 29; docs/manual-rules.md)."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULES = ROOT / "docs" / "manual-rules.md"


def names_written() -> set[str]:
    """The name of every test in tests/."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return {
        name
        for file in files
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }


def names_in(document: Path) -> set[str]:
    """Every test named there, files of tests left out."""
    return set(re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8")))


def test_every_test_that_the_rules_of_the_manual_name_exists() -> None:
    missing = sorted(names_in(RULES) - names_written())

    assert missing == [], "docs/manual-rules.md names tests that are in no file of tests/"


def test_the_rules_of_the_manual_name_tests_at_all() -> None:
    assert len(names_in(RULES)) > 50


def test_every_rule_has_its_three_columns() -> None:
    rows = [line for line in RULES.read_text(encoding="utf-8").splitlines() if line.startswith("|")]

    assert [row for row in rows if row.count("|") != 4] == []
