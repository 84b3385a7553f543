"""Text to an element tree with exact lines, or why it is no XML that is read, in words for its writer.

A DOCTYPE is refused before the parser sees it, so no entity is ever declared, let alone expanded. Lines
are counted here: the parser reports where a start tag ends, and guesses beyond line 65,535.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec
from lxml import etree
from lxml.etree import _Element

from mmscheck.base.redact import redact_text
from mmscheck.base.xml import hardened_parser
from mmscheck.model.mms import XmlProblem
from mmscheck.slidexml.decode import line_of, offset_of
from mmscheck.slidexml.excerpt import BARE, corrected, excerpt, query_around, shown_line
from mmscheck.slidexml.names import is_known, key_of

ERRORS = etree.ErrorTypes
_AMPERSAND = frozenset({ERRORS.ERR_ENTITYREF_SEMICOL_MISSING, ERRORS.ERR_UNDECLARED_ENTITY})
_LESS_THAN = "Write &lt; where a < is meant as a character"
_PLAIN: dict[int, tuple[str, str | None]] = {
    ERRORS.ERR_NAME_REQUIRED: ("a < stands here that begins no element", _LESS_THAN),
    ERRORS.ERR_LT_IN_ATTRIBUTE: ("a < stands inside an attribute value", _LESS_THAN),
    ERRORS.ERR_ATTRIBUTE_NOT_STARTED: ("an attribute value has no quotation marks", None),
    ERRORS.ERR_ATTRIBUTE_WITHOUT_VALUE: ("an attribute has no value", None),
    ERRORS.ERR_ATTRIBUTE_NOT_FINISHED: ("the closing quotation mark of an attribute value is missing", None),
    ERRORS.ERR_ATTRIBUTE_REDEFINED: ("an element has the same attribute twice", None),
    ERRORS.ERR_COMMENT_NOT_FINISHED: ("a comment is never closed with -->", None),
    ERRORS.ERR_HYPHEN_IN_COMMENT: ("a comment holds two hyphens in a row", None),
    ERRORS.ERR_CDATA_NOT_FINISHED: ("a CDATA section is never closed with ]]>", None),
    ERRORS.ERR_PI_NOT_FINISHED: ("a processing instruction is never closed with ?>", None),
    ERRORS.ERR_MISPLACED_CDATA_END: ("]]> stands outside a CDATA section", "Write ]]&gt;"),
    ERRORS.ERR_RESERVED_XML_NAME: (
        "something stands before the XML declaration",
        "Remove everything before <?xml, blank lines too",
    ),
    ERRORS.ERR_XMLDECL_NOT_FINISHED: ("the XML declaration is malformed", None),
    ERRORS.ERR_ENCODING_NAME: ("the XML declaration is malformed", None),
    ERRORS.ERR_STRING_NOT_CLOSED: ("the XML declaration is malformed", None),
    ERRORS.ERR_SPACE_REQUIRED: ("a blank is missing between two parts of a tag", None),
    ERRORS.ERR_VERSION_MISSING: ("the XML declaration names no version", None),
    ERRORS.ERR_UNKNOWN_VERSION: ("the XML declaration names a version other than 1.0", None),
    ERRORS.ERR_INVALID_HEX_CHARREF: ("a character reference is malformed", None),
    ERRORS.ERR_INVALID_DEC_CHARREF: ("a character reference is malformed", None),
    ERRORS.ERR_INVALID_CHARREF: ("a character reference is malformed", None),
    ERRORS.ERR_GT_REQUIRED: ("a tag is not closed with >", None),
    ERRORS.ERR_NAME_TOO_LONG: ("a name is too long", None),
    ERRORS.NS_ERR_UNDEFINED_NAMESPACE: ("a name has a namespace prefix that is not declared", None),
}
# Codes that mean several things; the word in the parser's message tells them apart.
_BY_WORD: dict[tuple[int, str], tuple[str, str | None]] = {
    (ERRORS.ERR_NAME_REQUIRED, "attribute"): (
        "a tag holds something that is no attribute",
        "Look for a missing > before it",
    ),
    (ERRORS.ERR_RESOURCE_LIMIT, "depth"): ("elements are nested too deeply", None),
    (ERRORS.ERR_RESOURCE_LIMIT, ""): ("a single text is too long", None),
}
_OPENED = re.compile(r"(?:Premature end of data in tag|Couldn't find end of Start Tag) (\S+) line (\d+)")
_MISMATCH = re.compile(r"Opening and ending tag mismatch: (\S+) line (\d+) and ([^\s,]+)")
_VALUE = re.compile(r"value ([0-9]{1,7})|Char 0x([0-9A-Fa-f]{1,6})")


def explain(error: etree.XMLSyntaxError, text: str) -> XmlProblem:
    """What the parser could not read, in plain words."""
    said = error.msg or ""
    code: int = error.code  # type: ignore[attr-defined] # the stubs leave it out
    line, column = max(error.lineno or 1, 1), _column(error, text)
    if code in _AMPERSAND or (code == ERRORS.ERR_NAME_REQUIRED and "EntityRef" in said):
        return _ampersand(text, line, column)
    if opened := _OPENED.match(said):
        line = int(opened.group(2))
        unended = code == ERRORS.ERR_GT_REQUIRED
        what = "is not ended with >" if unended else "is never closed"
        return _problem(text, line, 0, f"{_element(opened.group(1))} {what}")
    reason, hint = _in_words(code, said)
    return _problem(text, line, column, reason, hint)


def _in_words(code: int, said: str) -> tuple[str, str | None]:
    if code == ERRORS.ERR_DOCUMENT_EMPTY:
        return "this is neither XML nor JSON: it begins with no element and no object", None
    if mismatch := _MISMATCH.match(said):
        opened, line, closed = mismatch.groups()
        return f"{_element(opened)}, opened on line {line}, is closed as {_element(closed, '</')}", None
    if code == ERRORS.ERR_DOCUMENT_END:
        return "something follows the end of the document", "Keep one <request> in a file"
    if code == ERRORS.ERR_INVALID_CHAR:
        return f"a character stands here that XML does not allow{_code_point(said)}", "Remove it"
    by_word = (words for (of, word), words in _BY_WORD.items() if of == code and word in said)
    return next(by_word, None) or _PLAIN.get(code, ("this is not well-formed XML", None))


def _ampersand(text: str, line: int, column: int) -> XmlProblem:
    shown = shown_line(text, line, column)
    match = next((found for found in BARE.finditer(shown) if found["bare"]), None)
    rest = re.match(r"[\w.-]*;?", shown[match.end() :]) if match else None
    name = rest.group()[:40] if rest else ""
    import html.entities  # noqa: PLC0415 - two thousand names, and few documents have a bare &

    entity = html.entities.html5.get(name) if name.endswith(";") else None
    reason = "a bare & stands here, which in XML begins an entity"
    whole = corrected(text, line, column)
    hint = f"Write &amp;{name} instead of &{name}: {whole}"
    # What is redacted on its way out cannot be copied; a query alone can.
    if match is not None and redact_text(whole) != whole and (query := query_around(shown, match.start())):
        mended = BARE.sub(lambda found: "&amp;" if found["bare"] else found.group(), query)
        hint = f"Write {mended} instead of {query}"
    if entity is not None:
        reason = f"&{name} is an entity of HTML, which XML does not know"
        number = "".join(f"&#{ord(char)};" for char in entity)
        hint = f"Write {number} instead of &{name}, or the character itself"
    return _problem(text, line, column, reason, hint)


def _problem(text: str, line: int, column: int, reason: str, hint: str | None = None) -> XmlProblem:
    return XmlProblem(reason=reason, line=line, hint=hint, excerpt=excerpt(text, line, column))


def _element(name: str, opener: str = "<") -> str:
    # A broken tag's name may be a piece of an API key.
    return f"{opener}{name}>" if is_known(key_of(name)) else "an element"


def _code_point(said: str) -> str:
    value = _VALUE.search(said)
    if value is None:
        return ""
    number = int(value[1]) if value[1] else int(value[2], 16)
    return f" (U+{number:04X})"


def _column(error: etree.XMLSyntaxError, text: str) -> int:
    """The fault's column in characters from 0; the parser counts bytes of UTF-8 from 1."""
    start, size = offset_of(text, error.lineno or 1), max(error.position[1] - 1, 0)
    line = text[start : start + size].partition("\n")[0]
    return len(line.encode("utf-8")[:size].decode("utf-8", "ignore"))


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
