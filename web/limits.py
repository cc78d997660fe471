"""Two limits per client address on the public forms (R3.10), held before anything is hashed."""

from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import Protocol

from starlette.requests import Request

from web.errors import WebError

# Where a password or an initial password is tried, and the way from there to the certificate.
PUBLIC = ("/issuance", "/login", "/registration")
NOBODY = "::"  # stands for a client whose address is not told: all of those share one limit


class TooMany(WebError):
    """429 with Retry-After."""

    code = "too_many"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class Limits(Protocol):
    """Shared by all processes. Each raises TooMany."""

    def post(self, client: str) -> None:
        """One POST on a public form."""

    def trying(self, client: str, user_id: str) -> AbstractContextManager[None]:
        """Around a password try: refused ones count, for so many different user IDs an hour."""

    def token(self, user_id: str) -> None:
        """One request by an API token of that account (R9.4)."""


def client_of(request: Request) -> str:
    """The client's address; behind nginx, which alone speaks to us there, the one it sends.

    Which of the two, the setting says: over TCP a connection that was reset has no address either, and says anything.
    """
    if request.app.state.behind_nginx:
        told = request.headers.get("x-real-ip", NOBODY)
    else:
        told = request.client.host if request.client else NOBODY
    try:
        return str(ip_address(told))
    except ValueError:
        return NOBODY


def is_public(path: str) -> bool:
    return any(path == public or path.startswith(f"{public}/") for public in PUBLIC)
