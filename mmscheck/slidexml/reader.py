"""Slide XML to a stored message, with the line of every part.

Reading never fails: a document that is no stored message becomes one with a ``problem``, which a rule
then reports. Three dialects are read: the modern ``request``, the legacy ``REQUEST`` in upper case, and
the older ``REQUEST/CONTENT/SEQUENCE``.
"""

from __future__ import annotations

import hashlib

import msgspec

from mmscheck.model.mms import Mms, XmlProblem
from mmscheck.slidexml.build import Content, build
from mmscheck.slidexml.decode import MAX_BYTES, Undecodable, decode
from mmscheck.slidexml.excerpt import excerpt
from mmscheck.slidexml.lines import excerpts
from mmscheck.slidexml.markup import Tree, read
from mmscheck.slidexml.notes import key_of, name_of


def parse(data: bytes, source: str) -> Mms:
    """The stored message in ``data``; whatever cannot be read becomes its ``problem``.

    ``source`` names the document in reports. Values are kept exactly as written, white space and all;
    an API key in the document is in none of them.
    """
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    text = decode(data) if len(data) <= MAX_BYTES else None
    content = _content(text)
    if isinstance(content, XmlProblem):
        return Mms(source=source, digest=digest, problem=content)
    message = Mms(
        source=source,
        digest=digest,
        dialect=content.dialect,
        action=content.action,
        name=content.name,
        subject=content.subject,
        slides=content.slides,
        strays=content.strays,
    )
    return (
        msgspec.structs.replace(message, excerpts=excerpts(text, message)) if type(text) is str else message
    )


def _content(text: str | Undecodable | None) -> Content | XmlProblem:
    """What the decoded document holds; None stands for one that is too large to be decoded."""
    if text is None:
        return XmlProblem(reason=f"the document is larger than {MAX_BYTES:,} bytes")
    if isinstance(text, Undecodable):
        return _undecodable(text)
    tree = read(text)
    if isinstance(tree, XmlProblem):
        return tree
    return build(tree) if key_of(tree.root) == "request" else _wrong_root(tree, text)


def _undecodable(problem: Undecodable) -> XmlProblem:
    shown = excerpt(problem.visible, problem.line) if problem.visible and problem.line else None
    return XmlProblem(reason=problem.reason, line=problem.line, hint=problem.hint, excerpt=shown)


def _wrong_root(tree: Tree, text: str) -> XmlProblem:
    line = tree.lines[tree.root]
    name = name_of(tree.root)
    return XmlProblem(
        reason=f"the root element is <{name}>, not <request>",
        line=line,
        hint="Give the request that stores the message, as sent to the provider's XML API",
        excerpt=excerpt(text, line),
    )
