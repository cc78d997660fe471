"""The form token: every POST proves that the form came from a page of ours in this browser.

A random cookie and, in each form, a value derived from it; behind the log-in the session's cookie goes into it too. So
no secret of the server is needed: `__Host-` keeps other hosts from setting our cookies, and in the IE 11 engine (R5.5),
which knows no such prefix, another host of the domain may plant the first but never knows the second. On the public
pages it could make a visitor send a form there, whose effect needs a password or a ticket's id besides.
"""

import hmac
import secrets
from hashlib import sha256

from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from domain.errors import NoSession
from web.cookies import FORM, SESSION, keep, read
from web.errors import BadForm, BadFormToken
from web.limits import is_public

FIELD = "csrf_token"


def form_cookie(request: Request) -> str:
    """The browser's, or a new one, which `keep_form_cookie` then sets."""
    cookie = read(request, FORM)
    return cookie if cookie is not None else secrets.token_urlsafe(32)


def form_token(request: Request, cookie: str) -> str:
    """For the forms of the page at this address, and of those that are sent to it."""
    # A public page may have been opened before the log-in and be sent after it.
    session = "" if is_public(request.scope["path"]) else read(request, SESSION) or ""
    return hmac.digest(cookie.encode(), f"form {session}".encode(), sha256).hex()


def keep_form_cookie(request: Request, response: Response, cookie: str) -> None:
    if read(request, FORM) != cookie:
        keep(response, FORM, cookie)


async def read_form(request: Request) -> dict[str, str]:
    """The text fields of a POST whose token is right; each name once.

    Raises BadFormToken, or NoSession behind the log-in where no cookie is left; and BadForm for what no form of ours
    sends. The fields stay at hand for a refusal's page.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise BadForm
    try:
        data: FormData = await request.form(max_fields=20)
    except ClientDisconnect as gone:  # Nobody is left to be told; and who hangs up is no bug for the log.
        raise BadForm from gone
    fields = {name: value for name, value in data.multi_items() if isinstance(value, str)}
    if len(fields) != len(data.multi_items()) or any("\0" in value for value in fields.values()):
        raise BadForm
    cookie, given = read(request, FORM), fields.get(FIELD, "")
    # As bytes: of texts compare_digest takes ASCII only.
    if cookie is None or not hmac.compare_digest(form_token(request, cookie).encode(), given.encode()):
        # Where the session's cookie has gone meanwhile, the token could not but be wrong.
        raise BadFormToken if is_public(request.scope["path"]) or read(request, SESSION) else NoSession
    request.state.fields = fields
    return fields
