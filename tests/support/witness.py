"""The command line with a witness: a serial is written down, in the file SIGNED names, before it gets its signature.

What a process signed can so be told after `kill -9`: what was given to the kernel is not lost with the process. Where
the folder HOLD is named, a certificate's record - decided, not yet begun - waits while there is a file `closed` in it.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from application.ports import CertificateRequest, Changes, Planned, Row
from domain.certificate import CertificateIssued
from infra.authority import IssuingAuthority
from infra.cli import main
from infra.clock import sleep
from infra.event_store import EventStore

LOOK = 0.02  # seconds between two looks at the folder

sign, save = IssuingAuthority.sign, EventStore.save


def witnessed(self: IssuingAuthority, request: CertificateRequest, planned: Planned) -> bytes:
    os.write(written, f"{planned.serial}\n".encode())
    return sign(self, request, planned)


def held(self: EventStore, *changes: Changes, rows: Sequence[Row] = ()) -> None:
    """Each waits in its own name, so that they can be counted."""
    for fact in (fact for change in changes for fact in change.facts):
        if isinstance(fact, CertificateIssued):
            (folder / fact.serial).touch()
            while (folder / "closed").exists():
                sleep(LOOK)
    save(self, *changes, rows=rows)


if __name__ == "__main__":
    written = os.open(os.environ["SIGNED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    IssuingAuthority.sign = witnessed  # type: ignore[method-assign]  # the process is the test's
    if "HOLD" in os.environ:
        folder = Path(os.environ["HOLD"])
        EventStore.save = held  # type: ignore[method-assign]  # the process is the test's
    main()
