"""Media that must not stand on one slide given slides of their own, behind it and in their order.

A provider refuses an image or a sound beside a film (E227, E226), two media of one kind, and an object beside
anything but text (E223, E224). What stays with the text is what stands first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmscheck.fix.markup import Edit, Element, applied, elements
from mmscheck.model.words import OBJECT_KINDS, MediaKind
from mmscheck.slidexml.names import KINDS, SLIDE, key_of

APART = frozenset(
    {frozenset({MediaKind.IMAGE, MediaKind.VIDEO}), frozenset({MediaKind.AUDIO, MediaKind.VIDEO})}
)
"""Kinds that no slide holds together."""


def parted(text: str, most: int, done: list[str]) -> str:
    """The document with such media on slides of their own, as long as it has at most so many slides."""
    found = elements(text)
    slides = [element for element in found if key_of(element.name) == SLIDE]
    moves = [(slide, moved) for slide in slides for moved in _moved(slide, found)]
    if not moves or len(slides) + len(moves) > most:
        return text
    edits: list[Edit] = []
    for slide, element in moves:
        edits += _move(text, slide, element)
        done.append(
            f"the {key_of(element.name)} that cannot share slide {slides.index(slide) + 1} put on its own"
        )
    return applied(text, joined(edits))


def _moved(slide: Element, found: Sequence[Element]) -> Iterator[Element]:
    """The media of a slide that cannot stay on it."""
    kept: list[MediaKind] = []
    for element in found:
        inside = slide.opens[1] <= element.opens[0] and element.closes[1] <= slide.closes[0]
        kind = KINDS.get(key_of(element.name))
        if kind is None or not inside or element.depth != slide.depth + 1:
            continue
        if any(clash(kind, other) for other in kept):
            yield element
        else:
            kept.append(kind)


def clash(one: MediaKind, other: MediaKind) -> bool:
    """Whether no slide holds both."""
    return one is other or bool({one, other} & OBJECT_KINDS) or frozenset({one, other}) in APART


def _move(text: str, slide: Element, element: Element) -> Iterator[Edit]:
    """Cut the element with the white space before it, and put it behind the slide in the same layout."""
    start = element.opens[0] - len(space_before(text, element.opens[0]))
    inner, outer = space_before(text, element.opens[0]), space_before(text, slide.opens[0])
    medium = text[element.opens[0] : element.closes[1]]
    end = space_before(text, slide.closes[0])
    yield Edit(start, element.closes[1], "")
    new = f"{outer}<{slide.name}>{inner}{medium}{end}</{slide.name}>"
    yield Edit(slide.closes[1], slide.closes[1], new)


def space_before(text: str, place: int) -> str:
    """The white space that stands before a place."""
    before = text[:place]
    return before[len(before.rstrip()) :]


def joined(edits: Sequence[Edit]) -> list[Edit]:
    """Insertions at one place as one edit, in their order."""
    joined: dict[tuple[int, int], Edit] = {}
    for edit in edits:
        place = (edit.start, edit.end)
        old = joined.get(place)
        joined[place] = edit if old is None else Edit(edit.start, edit.end, old.text + edit.text)
    return list(joined.values())
