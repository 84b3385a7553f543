"""A payload as the values at its ends: what a form, a JSON document and a list of URLs have in common."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mmscheck.base.json_text import Kind, Lines, Node


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One value: ``pointer`` is its place, as ``messages[0].sender``; it begins at line and column (from 1).

    ``path`` is the place with ``[]`` for any place in an array. In a form the second of several values of one
    field is in such an array. ``text`` is a text, or a number or a word as it is written. ``at`` and ``end``
    are the characters (from 0) between which it is written, ``quoted`` in quotation marks.
    """

    pointer: str
    path: str
    line: int
    column: int
    kind: Kind
    text: str
    at: int
    end: int
    quoted: bool = False


def leaves(root: Node, text: str) -> tuple[Leaf, ...]:
    """The values of a JSON document, in its order; arrays and objects only where nothing is in them."""
    return tuple(_below(root, Lines(text)))


def _below(root: Node, lines: Lines) -> Iterator[Leaf]:
    # Bounded in depth by whoever read it, and still with a list of its own: as the reader does it.
    waiting = [(root, "")]
    while waiting:
        node, path = waiting.pop()
        inner = [(each.node, f"{path}.{each.name}" if path else each.name) for each in node.members]
        inner += [(each, f"{path}[]") for each in node.items]
        waiting.extend(reversed(inner))
        if not inner:
            line, column = lines.place(node.at)
            shown = str(node.flag).lower() if node.kind is Kind.BOOLEAN else node.text
            yield Leaf(
                pointer=node.pointer,
                path=path,
                line=line,
                column=column,
                kind=node.kind,
                text=shown,
                at=node.at,
                end=node.end,
                quoted=node.kind is Kind.TEXT,
            )
