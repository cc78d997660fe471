"""Two sides of one comparison, turn about: processor time, rounds, medians, and the row that tells of them."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

Measured = TypeVar("Measured")

ROUNDS = 7
A_CPU_SECOND = "a CPU-second"  # the unit of most rates


@dataclass(frozen=True)
class Cost:
    """Seconds: of processor time, user and system together, and by the clock."""

    cpu: float
    wall: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cpu + other.cpu, self.wall + other.wall)

    def per(self, times: int) -> "Cost":
        return Cost(self.cpu / times, self.wall / times)


def cost_of(work: Callable[[], object], process: int | None = None, apart: Collection[int] = ()) -> Cost:
    """What `work` takes of the process (ours, if none is named) and of the workers it started before.

    `apart` are processes that it started too, and that are no workers of its own, such as the projector of a fleet.
    """
    counted = family(process or os.getpid(), apart)
    wall, cpu = time.perf_counter(), cpu_seconds(counted)
    work()
    return Cost(cpu_seconds(counted) - cpu, time.perf_counter() - wall)


def cpu_seconds(processes: Iterable[int]) -> float:
    """Of all their threads, to the nanosecond: /proc/PID/stat counts in hundredths of a second."""
    # The clock of a process that clock_getcpuclockid(3) returns, which Python does not offer.
    return sum(time.clock_gettime((~process << 3) | 2) for process in processes)


def family(process: int, apart: Collection[int] = ()) -> list[int]:
    """The process and its descendants, but those apart and theirs. No embedded PostgreSQL: pg_ctl lets it go."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if int(status.parent.name) not in apart:
            children.setdefault(parent, []).append(int(status.parent.name))
    found = [process]
    for one in found:  # grows while it is walked
        found.extend(children.get(one, []))
    return found


def interleaved(*sides: Callable[[], Measured], rounds: int = ROUNDS) -> list[list[Measured]]:
    """Each side once to warm up, then in turn, every other round backwards; for each side what its rounds gave."""
    for side in sides:
        side()
    given: list[list[Measured]] = [[] for _ in sides]
    for number in range(rounds):
        turn = list(range(len(sides)))
        for place in turn if number % 2 == 0 else reversed(turn):
            given[place].append(sides[place]())
    return given


@dataclass(frozen=True)
class Row:
    """`ratios` are those of the single rounds, ours to what stands beside; `goal` as `<= 5` or `>= 0.4`, or none."""

    measure: str
    what: str
    ours: str
    beside: str
    ratios: Sequence[float]
    goal: str = ""

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        if not self.goal:
            return "told only"
        relation, bound = self.goal.split()
        met = self.ratio <= float(bound) if relation == "<=" else self.ratio >= float(bound)
        return "met" if met else "MISSED"

    def cells(self) -> list[str]:
        spread = f"{self.ratio:.2f} ({min(self.ratios):.2f}-{max(self.ratios):.2f})"
        return [self.measure, self.what, self.ours, self.beside, spread, self.goal, self.verdict]


@dataclass(frozen=True)
class Comparison:
    """A row that a script can tell, before anything is measured. `what` may have `{places}` for what the run finds;
    `unit` is that of both figures."""

    measure: str
    what: str
    unit: str
    goal: str = ""

    def of(self, ours: Sequence[float], beside: Sequence[float], **places: object) -> Row:
        """Of the same rounds on both sides, each figure in `unit`."""
        ratios = [one / other for one, other in zip(ours, beside, strict=True)]
        what, mine, theirs = self.what.format(**places), median(ours), median(beside)
        return Row(self.measure, what, f"{mine:,.1f} {self.unit}", f"{theirs:,.1f} {self.unit}", ratios, self.goal)


HEAD = ["#", "what", "ours", "beside it", "ratio (lowest-highest round)", "goal", ""]


def table(rows: Iterable[Row]) -> str:
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
