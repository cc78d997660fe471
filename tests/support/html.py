"""A page as a visitor without script meets it: title, heading, forms, links, text. The standard library's parser."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "source", "wbr"))


@dataclass(frozen=True)
class Form:
    """`fields` are the named inputs and selects with their values, in order; `buttons` the words on them."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Link:
    href: str
    text: str


@dataclass
class Element:
    """`children` are elements and texts in their order; a valueless attribute has the value ""."""

    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Element"]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str) -> list["Element"]:
        return [element for element in self.walk() if element.tag == tag]

    @property
    def text(self) -> str:
        """As a reader hears it: blanks made one, what only breaks words (U+200B) left out."""
        return " ".join(self.raw_text().replace("\u200b", "").split())

    def raw_text(self) -> str:
        return "".join(child if isinstance(child, str) else child.raw_text() for child in self.children)


class TreeBuilder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("#document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise ValueError(f"</{tag}> closes <{self.open[-1].tag}> in line {self.getpos()[0]}")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


class Page:
    """Raises ValueError for tags that do not match: a page of ours closes what it opens."""

    def __init__(self, html: str) -> None:
        builder = TreeBuilder()
        builder.feed(html)
        builder.close()
        if len(builder.open) > 1:
            raise ValueError(f"<{builder.open[-1].tag}> is never closed")
        self.root = builder.root

    @property
    def title(self) -> str:
        return self.root.all("title")[0].text

    @property
    def h1(self) -> str:
        (heading,) = self.root.all("h1")
        return heading.text

    @property
    def text(self) -> str:
        """The words of the body."""
        return self.root.all("body")[0].text

    @property
    def main(self) -> str:
        """The words between header and footer."""
        return self.root.all("main")[0].text

    @property
    def links(self) -> list[Link]:
        return [Link(a.attributes["href"], a.text) for a in self.root.all("a")]

    @property
    def forms(self) -> list[Form]:
        return [form_of(element) for element in self.root.all("form")]

    def form(self, action: str) -> Form:
        """The one form that posts there."""
        (form,) = (form for form in self.forms if form.action == action)
        return form

    @property
    def inline_scripts(self) -> list[str]:
        """What stands between their tags; a script of ours has an address and nothing there."""
        return [script.raw_text() for script in self.root.all("script") if script.raw_text()]

    @property
    def refresh(self) -> str | None:
        """What the page does by itself after a while."""
        for meta in self.root.all("meta"):
            if meta.attributes.get("http-equiv") == "refresh":
                return meta.attributes["content"]
        return None

    @property
    def classes(self) -> set[str]:
        return {name for element in self.root.walk() for name in element.attributes.get("class", "").split()}


def form_of(element: Element) -> Form:
    form = Form(element.attributes["action"], element.attributes["method"])
    for named in element.walk():
        if named.tag == "input" and "name" in named.attributes:
            form.fields[named.attributes["name"]] = named.attributes.get("value", "")
        elif named.tag == "select":
            options = named.all("option")
            chosen = next((option for option in options if "selected" in option.attributes), options[0])
            form.fields[named.attributes["name"]] = chosen.attributes["value"]
    form.buttons.extend(button.text for button in element.all("button"))
    return form
