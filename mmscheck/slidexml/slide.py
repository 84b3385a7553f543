"""One slide element to its texts, media and duration; and what is odd, collected on the walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.etree import _Element

from mmscheck.base.secret_words import SECRET_ELEMENTS
from mmscheck.base.text import escaped
from mmscheck.model.mms import MediaRef, Slide, Stray, Text
from mmscheck.model.words import MediaKind
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
        if event == "start" and node is not element and key_of(node) in SECRET_ELEMENTS:
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


_OBJECT = "object"


class SlideReader:
    """A slide being read; ``nested`` are slides found inside it, which are slides of their own."""

    def __init__(self, notes: Notes, slide: _Element) -> None:
        """Read the whole slide at once."""
        self._notes = notes
        self._line = notes.line(slide)
        self._texts: list[Text] = []
        self._durations: list[Found] = []
        self._media: list[tuple[MediaKind, Text]] = []
        self.nested: list[SlideReader] = []
        self.unseen = 0
        self._children(slide, within=None)
        self._duration_attributes(slide)

    def slide(self, number: int, media_before: int) -> Slide:
        """The slide as a value; its media are numbered on from ``media_before``."""
        media = tuple(
            MediaRef(url=url.value, kind=kind, slide=number, index=index, line=url.line)
            for index, (kind, url) in enumerate(self._media, start=media_before + 1)
        )
        return Slide(
            number=number,
            unseen=self.unseen,
            line=self._line,
            texts=tuple(self._texts),
            media=media,
            duration=self._notes.only(self._durations),
        )

    def _children(self, parent: _Element, within: str | None) -> None:
        if within is None:
            self._notes.loose_text(parent)
        for child in elements(parent):
            self._child(child, within)

    def _child(self, child: _Element, within: str | None) -> None:
        key, name = self._notes.meet(child), name_of(child)
        if key in names.KINDS:
            self._medium(child, names.KINDS[key])
        elif key == names.TEXT:
            self._texts.append(self._notes.scalar(child))
        elif key == names.DURATION:
            self._durations.append((name, self._notes.scalar(child)))
        elif key == names.UNSEEN:
            self.unseen += 1
            self._notes.add(
                child, f"{name} (a picture for each recipient, which cannot be seen)", overlooked=True
            )
            return
        elif key == _OBJECT and within is None:
            self._object(child, name)
            return
        elif key == names.SLIDE:
            self._notes.add(child, f"{name} (inside another slide)")
            self.nested.append(SlideReader(self._notes, child))
            return
        else:
            self._unexpected(child, key, name)
            return
        if within is not None:
            self._notes.add(child, f"{name} (inside {within})")

    def _unexpected(self, child: _Element, key: str, name: str) -> None:
        guess = names.likely(key)
        if guess in names.KINDS and any(key_of(inner) == names.URL for inner in elements(child)):
            self._medium(child, names.KINDS[guess])
            return
        if key == names.URL:
            self._notes.add(child, f"{name} (outside a media element, so it is not checked)", overlooked=True)
        elif names.is_known(key):
            self._notes.add(child, f"{name} (inside a slide, so it is not read)", overlooked=True)
        self._children(child, within=name)

    def _object(self, element: _Element, name: str) -> None:
        """A wrapping of some weeks of 2014: a kind of object in it, with its URL as text or as an element."""
        self._notes.loose_text(element)
        self._notes.add(element, f"{name} (documented for some weeks of 2014 only)")
        for child in elements(element):
            kind = names.KINDS.get(key_of(child))
            if kind is None or len(child):
                self._child(child, within=name)
            else:
                self._notes.meet(child)
                self._media.append((kind, self._notes.scalar(child)))

    def _medium(self, element: _Element, kind: MediaKind) -> None:
        self._notes.loose_text(element)
        urls = {child for child in elements(element) if key_of(child) == names.URL}
        if not urls:
            self._media.append((kind, Text(value="", line=self._notes.line(element))))
        for child in elements(element):
            if child in urls:
                self._notes.meet(child)
                self._media.append((kind, self._notes.scalar(child)))
            else:
                self._child(child, within=name_of(element))

    def _duration_attributes(self, slide: _Element) -> None:
        for attribute, value in slide.attrib.items():
            local = etree.QName(attribute).localname
            if names.key_of(local) == names.DURATION:
                found = Text(value=str(value), line=self._line)
                self._durations.append((f"{name_of(slide)}/@duration", found))
