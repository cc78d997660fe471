"""The look: a strict content security policy, the IE 11 engine, readers, weight (R5.5, design of the project)."""

import re
from functools import cache
from gzip import compress

import pytest

from tests.support.html import Page
from tests.web.samples import SAMPLES, SERVICE
from web.app import STATIC
from web.languages import LANGUAGES, Language
from web.pages import KEYBOARD, ONCE, STYLE, TEMPLATES, Pages, address

PAGES = Pages(SERVICE, demo=True, mailbox=True)
CSS = re.sub(r"/\*.*?\*/", "", STYLE.read_text("utf-8"), flags=re.DOTALL)
SCRIPT = re.sub(r"/\*.*?\*/|//[^\n]*", "", KEYBOARD.read_text("utf-8"), flags=re.DOTALL)
FURTHER_SCRIPTS = {"help_check.html": {"/static/check.js"}}  # of a page that looks into the browser (R11.3)
HEAVIEST = 60_000  # bytes of a page, its stylesheet and its scripts on their way; compressed are the latter alone
every_sample = pytest.mark.parametrize("name", SAMPLES)


@cache
def page_of(name: str) -> Page:
    return Page(SAMPLES[name].html(PAGES))


@every_sample
def test_no_page_has_style_or_script_of_its_own(name: str) -> None:
    page = page_of(name)

    attributes = {attribute for element in page.root.walk() for attribute in element.attributes}
    assert page.root.all("style") == []
    assert page.inline_scripts == []
    assert not {attribute for attribute in attributes if attribute == "style" or attribute.startswith("on")}


@every_sample
def test_every_page_loads_only_the_one_stylesheet_and_scripts_of_our_own(name: str) -> None:
    page = page_of(name)

    scripts = [each.attributes["src"] for each in page.root.all("script")]
    further = FURTHER_SCRIPTS.get(SAMPLES[name].template, set())
    assert [link.attributes["href"] for link in page.root.all("link")] == [address(STYLE)]
    assert {each for each in scripts if each.partition("?")[0] not in further} == {address(KEYBOARD), address(ONCE)}
    assert len(scripts) == 2 + len(further)
    assert not {element.tag for element in page.root.walk()} & {"img", "iframe", "object", "embed", "audio", "video"}


@pytest.mark.parametrize("language", LANGUAGES)
@every_sample
def test_every_page_is_light(name: str, language: Language) -> None:
    html = SAMPLES[name].html(PAGES, language)

    scripts = [STATIC / src for src in re.findall(r'<script src="/static/([\w.]+)', html)]
    assert KEYBOARD in scripts
    assert len(html.encode()) + sum(len(compress(file.read_bytes())) for file in (STYLE, *scripts)) < HEAVIEST


@every_sample
def test_ids_are_unique_and_every_reference_finds_one(name: str) -> None:
    page = page_of(name)

    ids = [element.attributes["id"] for element in page.root.walk() if "id" in element.attributes]
    asked = {
        reference.removeprefix("#")
        for element in page.root.walk()
        for attribute in ("for", "aria-describedby", "aria-labelledby", "xlink:href")
        for reference in element.attributes.get(attribute, "").split()
    }
    assert len(ids) == len(set(ids))
    assert asked <= set(ids)


@every_sample
def test_every_field_is_labelled_and_remembers_nothing(name: str) -> None:
    page = page_of(name)

    every = [each for each in page.root.walk() if each.tag in ("input", "select")]
    fields = [field for field in every if field.attributes.get("type") != "hidden"]
    labels = [label.attributes["for"] for label in page.root.all("label")]
    assert [field.attributes["id"] for field in fields] == labels
    assert {field.attributes["autocomplete"] for field in fields} <= {"off"}


@every_sample
def test_every_password_can_be_keyed_on_the_screen_and_no_other_field(name: str) -> None:
    page = page_of(name)

    passwords = [each.attributes["id"] for each in page.root.all("input") if each.attributes["type"] == "password"]
    keyboards = [each.attributes["data-keyboard"] for each in page.root.walk() if "data-keyboard" in each.attributes]
    assert keyboards == passwords


def test_the_script_has_no_words_of_its_own() -> None:
    assert SCRIPT.isascii()


@every_sample
def test_every_drawing_is_ornament_or_has_words(name: str) -> None:
    page = page_of(name)

    words = {element.attributes.get("id"): element.text.strip() for element in page.root.walk()}
    for drawing in page.root.all("svg"):
        named_by = drawing.attributes.get("aria-labelledby", "").split()
        assert (
            drawing.attributes.get("aria-hidden") == "true"
            or drawing.attributes.get("aria-label")
            or (named_by and all(words[each] for each in named_by))
        )


@every_sample
def test_at_most_two_notices_and_one_filled_button_stand_on_a_page(name: str) -> None:
    page = page_of(name)

    classes = [element.attributes.get("class", "").split() for element in page.root.walk()]
    assert sum("notice" in names for names in classes) <= 2
    assert sum("btn--main" in names for names in classes) <= 1


@every_sample
def test_a_marked_field_says_what_is_wrong_with_it(name: str) -> None:
    page = page_of(name)

    marked = [field for field in page.root.all("input") if field.attributes.get("aria-invalid")]
    texts = {element.attributes.get("id"): element.text for element in page.root.all("p")}
    for field in marked:
        assert texts[f"{field.attributes['id']}-error"]
        assert f"{field.attributes['id']}-error" in field.attributes["aria-describedby"].split()


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.context.get("faults")])
def test_malformed_input_is_listed_at_the_head_with_a_link_to_each_field(name: str) -> None:
    if SAMPLES[name].template == "code.html":
        assert "autofocus" in SAMPLES[name].html(PAGES)  # its one field has the focus already
        return

    links = {link.href for link in page_of(name).links}

    assert {f"#{field}" for field in SAMPLES[name].context["faults"]} <= links


def test_stylesheet_and_pages_know_the_same_classes() -> None:
    used = {name for sample in SAMPLES for name in page_of(sample).classes}
    used |= set(re.findall(r"\bkb(?:__[\w-]+)?", SCRIPT))

    styled = set(re.findall(r"\.([a-z][\w-]*)", CSS))
    assert styled == used


@pytest.mark.parametrize(
    "modern", ["var(", "grid", "gap", ":is(", ":where(", "min(", "max(", "clamp(", "url(", "@import"]
)
def test_the_stylesheet_keeps_to_what_ie_11_knows(modern: str) -> None:
    declarations = re.sub(r"\.gap\b", "", CSS)

    assert modern not in declarations


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_every_template_is_used(template: str) -> None:
    shown = {sample.template for sample in SAMPLES.values()}
    imported = {
        name for path in TEMPLATES.glob("*.html") for name in re.findall(r'"(\w+\.html)"', path.read_text("utf-8"))
    }

    assert template in shown | imported
