"""A Writer's facts on paper, for who saves many of them at once."""

from application.ports import Changes
from tests.support.writer import Writer


class Paper:
    """Where one fact after another is written down."""

    def __init__(self) -> None:
        self.facts: list[Changes] = []

    def save(self, changes: Changes) -> None:
        self.facts += [
            Changes(changes.stream, version, [each]) for version, each in enumerate(changes.facts, changes.version)
        ]


def history(facts: int) -> list[Changes]:
    """So many facts of a Writer that is no other test's, each by itself."""
    paper = Paper()
    writer = Writer(paper, seed=90)
    while len(paper.facts) < facts:
        writer.write()
    return paper.facts[:facts]
