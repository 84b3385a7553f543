"""One slide element to its texts, media and duration."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element

from mmscheck.model.mms import MediaRef, Slide, Text
from mmscheck.model.words import MediaKind
from mmscheck.slidexml import names
from mmscheck.slidexml.notes import Found, Notes, elements, key_of, name_of

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
