"""The texts of all templates, and the English catalogue brought up to date with them: `make texts`.

New texts come in without a translation, which the tests refuse; what no template says any more goes.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from web.languages import LOCALES
from web.pages import TEMPLATES

ENGLISH = LOCALES / "en.po"
WIDTH = 120


def extracted() -> Catalog:
    """Of all templates, in the order of their files."""
    catalogue = Catalog(locale="en", charset="utf-8")
    found = extract_from_dir(
        TEMPLATES,
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}},
    )
    for file, _, message, _, context in found:
        catalogue.add(message, locations=[(Path(file).name, 0)], context=context)
    return catalogue


def english() -> Catalog:
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def updated() -> bytes:
    """The file as it should be: each text once, with the templates that say it."""
    known, catalogue = english(), extracted()
    for message in catalogue:
        if message.id and (before := known.get(message.id, message.context)):
            message.string = before.string
    written = BytesIO()
    write_po(written, catalogue, width=WIDTH, omit_header=True, include_lineno=False)
    return written.getvalue()


if __name__ == "__main__":
    ENGLISH.write_bytes(updated())
