"""XML of strangers, read by one parser that opens nothing, expands nothing and mends nothing.

The sandbox has a parser of its own: by contract it shares nothing with what it tests.
"""

from __future__ import annotations

from lxml import etree


class XmlError(ValueError):
    """What is no XML that is read; the message is a clause that can follow "it"."""


def hardened_parser(*, encoding: str | None = None, as_written: bool = False) -> etree.XMLParser:
    """A parser for one document of unknown origin.

    ``encoding`` overrules what the document declares. ``as_written`` keeps comments, instructions and CDATA
    sections: for documents that are written out again, or whose lines are counted.
    """
    return etree.XMLParser(
        encoding=encoding,
        # An entity may name a file of this machine (XXE) or expand to gigabytes ("billion laughs").
        resolve_entities=False,
        # A DTD declares entities and default values, so that two readers read two documents.
        load_dtd=False,
        # Nothing that a document names is asked for over a network (SSRF).
        no_network=True,
        # Keeps libxml2's own bounds: 256 levels of depth, 10,000,000 bytes in one text.
        huge_tree=False,
        # A document that is mended is another than the one that was checked.
        recover=False,
        # A comment or an instruction in the middle of a value would cut its text in two: "E<!-- -->100".
        remove_comments=not as_written,
        remove_pis=not as_written,
        strip_cdata=not as_written,
    )


def parse(document: bytes, *, as_written: bool = False) -> etree._Element:
    """The root of a document. Raises XmlError for what is not well-formed, and for a DOCTYPE."""
    try:
        root = etree.fromstring(document, hardened_parser(as_written=as_written))
    except (etree.XMLSyntaxError, ValueError):
        # lxml raises ValueError for an encoding that it does not know.
        raise XmlError("is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError("declares a document type")
    return root


def folded(name: object) -> str:
    """A name as names are compared: ``mms-id``, ``MMSID``, ``mmsId`` and ``MMS_ID`` are one.

    The provider has used all of these spellings (pages of 2015 and 2021). Anything but a text gives nothing:
    lxml has functions for the tags of comments and instructions.
    """
    return name.lower().replace("-", "").replace("_", "") if isinstance(name, str) else ""


def folded_tag(element: etree._Element) -> str:
    """An element's name without its namespace, folded."""
    return folded(etree.QName(element).localname)
