"""What is odd in a document, collected while it is walked, and what a walk asks of an element."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.etree import _Element

from mmscheck.base.text import escaped
from mmscheck.model.mms import Stray, Text
from mmscheck.slidexml import names
from mmscheck.slidexml.excerpt import cut
from mmscheck.slidexml.markup import Tree

Found = tuple[str, Text]
"""A text and what to call the element or attribute it came from."""

_NAME_WIDTH = 60  # characters; a name can be 50,000 long


def elements(parent: _Element) -> Iterator[_Element]:
    """The child elements; comments and processing instructions are stepped over."""
    return parent.iterchildren(etree.Element)


def key_of(element: _Element) -> str:
    """The element's name reduced to what it means."""
    return names.key_of(etree.QName(element).localname)


def name_of(element: _Element) -> str:
    """The element's name with its prefix as written, made fit to be shown."""
    local = etree.QName(element).localname
    return cut(escaped(f"{element.prefix}:{local}" if element.prefix else local), width=_NAME_WIDTH)


def text_of(element: _Element) -> str:
    """All text inside the element as written, except what stands in an element for secrets."""
    parts: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, node in walk:
        if event == "start" and node is not element and key_of(node) in names.SECRETS:
            walk.skip_subtree()
        elif event == "start":
            parts.append(node.text or "")
        if event != "start" and node is not element:
            parts.append(node.tail or "")
    return "".join(parts)


class Notes:
    """The strays of one document; the only thing that changes while it is read."""

    def __init__(self, tree: Tree) -> None:
        """Begin without strays; the dialect is read off the root."""
        self._lines = tree.lines
        self.dialect = _dialect_of(tree.root)
        self.strays: list[Stray] = []

    def line(self, element: _Element) -> int:
        """The line (from 1) on which the element begins."""
        return self._lines[element]

    def add(
        self, element: _Element, name: str, expected: str | None = None, *, overlooked: bool = False
    ) -> None:
        """List something on the element's line as a stray."""
        line = self._lines[element]
        self.strays.append(Stray(name=name, line=line, expected=expected, overlooked=overlooked))

    def meet(self, element: _Element) -> str:
        """The element's key; its spelling, namespace and attributes are noted where they are odd."""
        key, name = key_of(element), name_of(element)
        expected = names.spelling(key, self.dialect)
        elsewhere = None if expected else names.elsewhere(key)
        if elsewhere:
            self.add(element, f"{name} ({elsewhere})", overlooked=_holds_url(element))
        elif expected is None and not names.is_known(key):
            guess = names.likely(key)
            hidden = _holds_url(element)
            shown = f"{name} (holds a URL that is not checked)" if hidden else name
            self.add(element, shown, guess and names.spelling(guess, self.dialect), overlooked=hidden)
        elif name != expected:
            self.add(element, name, expected)
        self._namespace(element, name)
        self._attributes(element, key, name)
        return key

    def scalar(self, element: _Element) -> Text:
        """The element's text as written; elements inside it are noted and their text kept in."""
        for inner in element.iter(etree.Element):
            if inner is not element:
                self.add(inner, f"{name_of(inner)} (inside {name_of(element)})")
        return Text(value=text_of(element), line=self.line(element))

    def loose_text(self, element: _Element) -> None:
        """Note text that stands between elements, where none belongs."""
        text = (element.text or "") + "".join(child.tail or "" for child in element)
        if text.strip():
            hidden = "://" in text
            expected = names.spelling(names.URL, self.dialect) if hidden else None
            self.add(element, f"text directly inside {name_of(element)}", expected, overlooked=hidden)

    def only(self, found: Sequence[Found]) -> Text | None:
        """The first of several, noting each of the others."""
        if not found:
            return None
        first = found[0][1]
        for name, text in found[1:]:
            again = f"{name} (given again; the one on line {first.line} counts)"
            self.strays.append(Stray(name=again, line=text.line, overlooked=True))
        return first

    def _namespace(self, element: _Element, name: str) -> None:
        parent = element.getparent()
        own = etree.QName(element).namespace
        inherited = None if parent is None else etree.QName(parent).namespace
        if element.prefix is None and own != inherited:
            self.add(element, f"{name}/@xmlns")

    def _attributes(self, element: _Element, key: str, name: str) -> None:
        for attribute, value in element.attrib.items():
            local = etree.QName(attribute).localname
            if key == names.SLIDE and local == "duration" and self.dialect != names.MODERN:
                continue
            meant = names.key_of(local)
            meant = meant if meant in {names.DURATION, names.URL} else names.likely(meant) or ""
            expected = names.spelling(meant, self.dialect)
            shown = f"{name}/@{cut(escaped(local), width=_NAME_WIDTH)}"
            self.add(element, shown, expected, overlooked="//" in str(value))


def _dialect_of(root: _Element) -> str:
    if not etree.QName(root).localname.isupper():
        return names.MODERN
    wrapped = any(key_of(child) in names.CONTAINERS for child in elements(root))
    return names.LEGACY_CONTENT if wrapped else names.LEGACY


def _holds_url(element: _Element) -> bool:
    texts = [element.text, *(child.tail for child in element), *element.attrib.values()]
    return any("//" in (text or "") for text in texts)
