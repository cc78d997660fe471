"""What a request asks or a form sends, made a struct; and the cursor from which a list's next page goes on."""

import base64
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from domain.errors import InvalidInput
from projections.answers import Page

FIELD = re.compile(r"at `\$\.(\w+)`")  # where msgspec names the fault

Asked = TypeVar("Asked", bound=msgspec.Struct)


def query_of(request: Request) -> dict[str, str]:
    """Without the language of the page (R5.6). Raises InvalidInput where a name comes twice."""
    given = dict(request.query_params)
    if len(given) != len(request.query_params.multi_items()):
        raise InvalidInput(query="repeated")
    given.pop("lang", None)
    return given


def converted(given: Mapping[str, str], kind: type[Asked]) -> Asked:
    """Raises InvalidInput. Where the struct says so, a misspelled name is refused too: ignored it would show all."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        field = FIELD.search(str(error))
        raise InvalidInput(**{field[1]: "malformed"} if field else {"query": "unknown_filter"}) from None


def key_of(cursor: str | None, kind: Any) -> Any:
    """What `cursor_of` made a cursor of, or None."""
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(cursor.encode(), b"-_", validate=True), type=kind)
    except ValueError:  # of base64 or of JSON
        raise InvalidInput(cursor="malformed") from None


def cursor_of(page: Page[Any, Any]) -> str | None:
    """None on the last page."""
    return None if page.next is None else base64.b64encode(msgspec.json.encode(page.next), b"-_").decode()
