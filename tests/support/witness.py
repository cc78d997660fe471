"""The command line with a witness: a serial is written down, in the file SIGNED names, before it gets its signature.

What a process signed can so be told after `kill -9`: what was given to the kernel is not lost with the process.
"""

import os

from application.ports import CertificateRequest, Planned
from infra.authority import IssuingAuthority
from infra.cli import main

sign = IssuingAuthority.sign


def witnessed(self: IssuingAuthority, request: CertificateRequest, planned: Planned) -> bytes:
    os.write(written, f"{planned.serial}\n".encode())
    return sign(self, request, planned)


if __name__ == "__main__":
    written = os.open(os.environ["SIGNED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    IssuingAuthority.sign = witnessed  # type: ignore[method-assign]  # the process is the test's
    main()
