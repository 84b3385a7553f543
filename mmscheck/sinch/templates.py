"""The getMMSTemplates call: which messages the provider has stored, and what it tells of each.

Sinch XML API, getMMSTemplates (2021): pages from 1, 100 items each unless told otherwise. It tells name,
subject, number of slides and size of a message, not its texts or media. Answers come in either tag case.
"""

from __future__ import annotations

import msgspec
from lxml import etree

from mmscheck.base.xml import folded_tag, parse
from mmscheck.model.request import Template
from mmscheck.sinch.answers import ProviderAnswer, Unparseable, parse_answer

MAX_LISTING_BYTES = 4_194_304
"""A page of 100 items is some 40 KB; names and subjects are bounded, so anything near this is no page."""

MAX_PAGES = 200
"""Pages that are asked for before a search is given up: 20,000 stored messages."""


class TemplatePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list; ``total`` is how many there are, None when it did not say."""

    templates: tuple[Template, ...]
    total: int | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The provider gave no list, and why, as a sentence."""

    reason: str
    error_code: str | None = None


_FIELDS = {
    "mmsid": "mms_id",
    "mmsname": "name",
    "name": "name",
    "mmssubject": "subject",
    "messagesubject": "subject",
    "subject": "subject",
    "totalslides": "slides",
}


def templates_xml(api_key: str, page: int) -> bytes:
    """The document to POST for one page."""
    root = etree.Element("request")
    fields = {"action": "getMMSTemplates", "api-key": api_key, "page-number": str(page)}
    for name, value in fields.items():
        etree.SubElement(root, name).text = value
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def parse_page(body: bytes, http_status: int) -> TemplatePage | Refused:
    """Read one page; never raises, and resolves no entity and opens nothing."""
    answer = parse_answer(body, longest=MAX_LISTING_BYTES)
    if isinstance(answer, Unparseable):
        return Refused(reason=f"the provider's list (HTTP {http_status}) could not be read: {answer.reason}")
    if answer.success is not True:
        return _refused(answer, http_status)
    root = parse(body)
    rows = [element for element in root.iter(etree.Element) if folded_tag(element) == "mmstemplate"]
    read = [_template(row) for row in rows]
    if any(one is None for one in read):
        return Refused(reason="the provider's list holds an item that gives its mms-id not at all, or twice")
    return TemplatePage(templates=tuple(one for one in read if one), total=_total(root))


def _refused(answer: ProviderAnswer, http_status: int) -> Refused:
    what = answer.error_code or f"HTTP {http_status}"
    words = f": {answer.error_info}" if answer.error_info else ""
    return Refused(reason=f"the provider gave no list ({what}{words})", error_code=answer.error_code)


def _template(row: etree._Element) -> Template | None:
    values: dict[str, str] = {}
    for child in row.iterchildren(etree.Element):
        name = _FIELDS.get(folded_tag(child))
        if name is None:
            continue
        if name in values:
            return None
        values[name] = child.text or ""
    mms_id = values.pop("mms_id", "").strip()
    return Template(mms_id=mms_id, **values) if mms_id else None


def _total(root: etree._Element) -> int | None:
    for element in root.iterchildren(etree.Element):
        digits = (element.text or "").strip()
        if folded_tag(element) == "totalresults" and digits.isascii() and digits.isdigit():
            return int(digits[:9])
    return None
