"""Japanese first, English complete: which language a page is in, and the catalogue of its texts (R5.6).

The Japanese texts stand in the templates and are the keys; `locales/en.po` has the English ones, and a test holds that
none is missing and none left over.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote, urlencode

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from web.cookies import LANGUAGE, read

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LOCALES = Path(__file__).parent / "locales"
A_YEAR = 366 * 24 * 60 * 60  # seconds


@cache
def texts(language: Language) -> NullTranslations:
    """The catalogue, compiled as it is read."""
    if language == "ja":
        return NullTranslations()
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def asked_language(request: Request) -> Language | None:
    """`?lang=`; one that we do not speak is none."""
    asked = request.query_params.get("lang")
    return asked if asked in LANGUAGES else None


def language_of(request: Request) -> Language:
    """What the address asks for, else what the visitor chose earlier, else Japanese."""
    kept = read(request, LANGUAGE)
    return asked_language(request) or (kept if kept in LANGUAGES else "ja")


def keep_language(request: Request, response: Response) -> None:
    """For a year, where the address asks for one."""
    if asked := asked_language(request):
        response.set_cookie(LANGUAGE, asked, max_age=A_YEAR, path="/", secure=True, httponly=True, samesite="lax")


def switch_of(request: Request) -> tuple[Language, str]:
    """The other language, and this page's address in it; the answer to a form leads to the form.

    Where there is no such page the address is the entrance's: an address that was made up, `//host` say, becomes no
    link of ours.
    """
    (other,) = (language for language in LANGUAGES if language != language_of(request))
    if not _is_page(request):
        return other, f"/?lang={other}"
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return other, f"{quote(request.scope['path'])}?{urlencode([*query, ('lang', other)])}"


def _is_page(request: Request) -> bool:
    asked = {**request.scope, "method": "GET"}
    return any(isinstance(route, Route) and route.matches(asked)[0] is Match.FULL for route in request.app.routes)
