"""docs/benchmarks.md is what `make bench` writes: the text is the program's, each row one that a script can tell."""

import re

from bench.__main__ import DOCUMENT, SCRIPTS, document
from bench.rounds import Comparison, Row

WRITTEN = DOCUMENT.read_text(encoding="utf-8")
RUN, ROWS = WRITTEN.split("\n\n")[2:4]
PEERS = ["cfssl", "django-ca", "openssl"]
COMPARISONS = [comparison for script in SCRIPTS for comparison in script.COMPARISONS]


def row_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def told_by(comparison: Comparison, cells: list[str]) -> bool:
    """Its name, its unit on both sides, its goal."""
    measure, what, ours, beside, _, goal, _ = cells
    name = re.sub(r"\\\{.+?\\\}", ".+", re.escape(comparison.what))
    return (
        (measure, goal) == (comparison.measure, comparison.goal)
        and re.fullmatch(name, what) is not None
        and all(re.fullmatch(rf"[\d,]+\.\d {re.escape(comparison.unit)}", figure) for figure in (ours, beside))
    )


def rows_written() -> list[list[str]]:
    return [row_of(line) for line in ROWS.splitlines()[2:]]


def verdict(ratio: float, goal: str) -> str:
    return Row("", "", "", "", [ratio], goal).verdict


def test_all_but_the_run_and_its_rows_is_the_text_of_the_program() -> None:
    assert document(RUN, ROWS) == WRITTEN


def test_each_row_is_one_that_a_script_can_tell() -> None:
    unknown = [cells for cells in rows_written() if not any(told_by(each, cells) for each in COMPARISONS)]

    assert unknown == []


def test_each_comparison_has_its_row_unless_its_peer_is_told_to_be_missing() -> None:
    missing = [name for name in PEERS if f"{name} (" in RUN]

    absent = [each.what for each in COMPARISONS if not any(told_by(each, cells) for cells in rows_written())]

    assert [what for what in absent if not any(name in what for name in missing)] == []


def test_each_verdict_follows_from_the_ratio_and_the_goal() -> None:
    form = r"(\d+\.\d\d) \(\d+\.\d\d-\d+\.\d\d\)"

    ratios = [re.fullmatch(form, cells[4]) for cells in rows_written()]
    verdicts = [
        ratio and verdict(float(ratio[1]), cells[5]) for ratio, cells in zip(ratios, rows_written(), strict=True)
    ]

    assert verdicts == [cells[6] for cells in rows_written()]
