"""Our cookies: all `__Host-`, so bound to this host and to TLS, unread by script, gone with the browser."""

from starlette.requests import Request
from starlette.responses import Response

SESSION = "__Host-shomei-session"
TICKET = "__Host-shomei-issuance"
REGISTRATION = "__Host-shomei-registration"
FORM = "__Host-shomei-form"
NOTE = "__Host-shomei-note"
LANGUAGE = "__Host-shomei-language"

LONGEST = 128  # characters; ours are 43


def read(request: Request, name: str) -> str | None:
    """The cookie's value; one that cannot be ours is none."""
    value = request.cookies.get(name, "")
    return value if 0 < len(value) <= LONGEST and value.isascii() and value.isprintable() else None


def keep(response: Response, name: str, value: str) -> None:
    # Lax, so that the link in a mail finds the visitor as he left.
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def drop(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
