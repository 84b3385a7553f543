"""Text to an element tree with exact lines, or the reason why it is no XML that is read.

A DOCTYPE is refused before the parser sees it, so no entity is ever declared, let alone expanded. Lines
are counted here: the parser reports where a start tag ends, and guesses beyond line 65,535.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec
from lxml import etree
from lxml.etree import _Element

from mmscheck.base.xml import hardened_parser
from mmscheck.model.mms import XmlProblem
from mmscheck.slidexml.decode import line_of
from mmscheck.slidexml.excerpt import excerpt
from mmscheck.slidexml.faults import explain

MAX_MARKUP = 10_000
"""Tags, comments, CDATA sections and instructions of one document; a message of 8 slides has some dozens."""

MAX_ATTRIBUTES = 10_000
"""Attributes of one document; a message has 8 at most."""

MAX_DEPTH = 32
"""Elements inside one another; a message has 6 at most (REQUEST, CONTENT, SEQUENCE, SLIDE, IMAGE, URL)."""

_OPAQUE = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """The root element and the line (from 1) on which each element's start tag begins."""

    root: _Element
    lines: dict[_Element, int]


def read(text: str) -> Tree | XmlProblem:
    """The document as a tree, parsed without DTD, entities, network or limits lifted."""
    if not text.strip():
        return XmlProblem(reason="the document is empty", line=1)
    markup = tuple(islice(_markup(text), MAX_MARKUP + 1))
    problem = _refused(text, markup)
    if problem is not None:
        return problem
    # XML allows neither a text declaration in a str nor another encoding than the declared one,
    # so the text goes in as UTF-8 and the parser is told so.
    parser = hardened_parser(encoding="utf-8", as_written=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
        _raise_for_namespaces(parser)
    except etree.XMLSyntaxError as error:
        return explain(error, text)
    return _with_lines(root, text, [at for at, opaque in markup if not opaque and text[at + 1] != "/"])


def _raise_for_namespaces(parser: etree.XMLParser) -> None:
    """Raise what the parser forgets to raise: a fault of a namespace is lost when a warning follows it."""
    for entry in parser.error_log.filter_from_errors():
        if entry.type_name.startswith("NS_ERR"):
            where = (entry.type, entry.line, entry.column)
            raise etree.XMLSyntaxError(entry.message, *where)  # type: ignore[call-arg] # stubs know two of four


def _refused(text: str, markup: tuple[tuple[int, bool], ...]) -> XmlProblem | None:
    # A DOCTYPE can only be the first markup that is neither comment nor instruction.
    first = next((at for at, opaque in markup if not opaque), None)
    if first is not None and text[first : first + 9].upper() == "<!DOCTYPE":
        return _doctype(text, first)
    if len(markup) > MAX_MARKUP:
        return XmlProblem(reason=f"the document has more than {MAX_MARKUP:,} tags and comments", line=1)
    return None


def _with_lines(root: _Element, text: str, starts: list[int]) -> Tree | XmlProblem:
    """The tree with its lines; in well-formed XML the start tags are the elements, in the same order."""
    elements = tuple(root.iter(etree.Element))
    if sum(len(element.attrib) for element in elements) > MAX_ATTRIBUTES:
        return XmlProblem(reason=f"the document has more than {MAX_ATTRIBUTES:,} attributes", line=1)
    if _depth(elements) > MAX_DEPTH:
        return XmlProblem(reason=f"elements are nested more than {MAX_DEPTH} deep", line=1)
    lines = dict(zip(elements, _lines(text, starts), strict=True))
    return Tree(root=root, lines=lines)


def _depth(elements: tuple[_Element, ...]) -> int:
    depths: dict[_Element | None, int] = {None: 0}
    for element in elements:
        depths[element] = depths[element.getparent()] + 1
    return max(depths.values())


def _doctype(text: str, at: int) -> XmlProblem:
    line = line_of(text, at)
    name = text[at + 9 : at + 60].lower().split()[:1]
    if name and name[0].rstrip(">") == "html":
        reason, hint = "this is a web page, not a stored message", "Give the slide XML itself"
    else:
        reason = "the document has a DOCTYPE, which is refused together with every entity it may declare"
        hint = "Remove the DOCTYPE and write out what its entities stand for"
    return XmlProblem(reason=reason, line=line, hint=hint, excerpt=excerpt(text, line))


def _markup(text: str) -> Iterator[tuple[int, bool]]:
    """Where each piece of markup begins, and whether it is one whose inside is not markup."""
    at = text.find("<")
    while at >= 0:
        closer = next((closer for opener, closer in _OPAQUE if text.startswith(opener, at)), None)
        yield at, closer is not None
        # A "<" inside an attribute value is not well-formed, so the next one is the next markup.
        end = at + 1 if closer is None else text.find(closer, at + len(closer))
        at = text.find("<", end) if end >= 0 else -1


def _lines(text: str, starts: list[int]) -> Iterator[int]:
    line, before = 1, 0
    for at in starts:
        line += text.count("\n", before, at)
        before = at
        yield line
