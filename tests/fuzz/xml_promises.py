"""What must hold for every document, whatever is in it, and how long that may take."""

from __future__ import annotations

import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import msgspec

from mmscheck.judge import gate
from mmscheck.judge.engine import judge
from mmscheck.judge.pipeline import window
from mmscheck.judge.reports import make_report, start_clock
from mmscheck.model.mms import Mms
from mmscheck.model.observation import NotFetched, Reason
from mmscheck.model.report import Report
from mmscheck.model.request import Changes
from mmscheck.model.rule import RuleSet
from mmscheck.model.verdict import Verdict
from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS, View
from mmscheck.slidexml import is_json, parse
from tests.fuzz import json_promises
from tests.fuzz.xml_documents import MARKER

BOUND = 5.0
"""CPU seconds for one document, more than ten times what the slowest took."""

_TEXTUAL = frozenset({"messagetext", "text", "name", "messagesubject", "subject"})
_VARIABLE = re.compile(r"'[^']*'|<[^>]*>|\(U\+[0-9A-F]+\)|0x[0-9a-f]{2}|&\S*|[0-9][0-9,]*")


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """The message in a document, whether it was permitted, and what did not hold, as sentences."""

    message: Mms
    permitted: bool
    told: tuple[str, ...]


def report_on(data: bytes, ruleset: RuleSet) -> tuple[Mms, Report]:
    """The message and the report on it when nothing at all could be fetched."""
    message = parse(data, "fuzz.xml")
    reasons = list(Reason)
    seen = {
        ref.url: NotFetched(url=ref.url, reason=reasons[len(ref.url) % len(reasons)]) for ref in message.media
    }
    judged = judge(ruleset, message, seen, changes=Changes(), window=window(0))
    return message, make_report(ruleset, (judged,), start_clock(), strict=False, unread=())


def try_document(data: bytes, ruleset: RuleSet, *, shown: bool = True) -> Tried:
    """Judge the document and see which promises hold. Raises whatever the program raises.

    Without ``shown`` no report is written, which takes half of the time.
    """
    began = time.process_time()
    message, report = report_on(data, ruleset)
    verdict = gate.verdict(report)
    msgspec.json.encode(report)
    told = list(_broken(data, message, report, verdict))
    if shown:
        view = View(report=report, verdict=verdict)
        FORMATS["text"](view)
        if (json.loads(FORMATS["json"](view))["verdict"] == "permit") != verdict.permitted:
            told.append("the JSON report says something else")
    if (took := time.process_time() - began) > BOUND:
        told.append(f"it took {took:.1f} s")
    return Tried(message=message, permitted=verdict.permitted, told=tuple(told))


def _broken(data: bytes, message: Mms, report: Report, verdict: Verdict) -> Iterator[str]:
    if any(item.crashed for each in report.messages for item in each.evaluations):
        yield "a check crashed"
    if message.problem is not None and not _said_unreadable(report):
        yield "a document that cannot be parsed was not denied for it"
    if verdict.permitted and (message.problem or message.media):
        yield "permitted, though nothing was fetched"
    if is_json(data):
        yield from json_promises.broken(data, message, permitted=verdict.permitted)
    elif verdict.permitted and (where := _marked(data)):
        yield f"permitted, though another parser finds a medium in {where}"


def _said_unreadable(report: Report) -> bool:
    (message,) = report.messages
    return any(
        item.rule == "xml-well-formed" and item.outcome is Outcome.FAILED for item in message.evaluations
    )


def _marked(data: bytes) -> str | None:
    """The element in which an independent parser finds a medium's URL; None when there is none."""
    try:
        root = _independently(data)
    except ET.ParseError as error:
        if _name_of_the_fifth_edition(data, error):
            return None
        raise
    for element in root.iter():
        key = re.sub(r"\{.*\}|[-_]", "", element.tag).lower()
        # Each text counts as its own element's, also behind a child.
        own = [element.text or "", *(child.tail or "" for child in element)]
        if any(MARKER in value for value in element.attrib.values()):
            return f"an attribute of {key}"
        if key not in _TEXTUAL and any(MARKER in text for text in own):
            return key
    return None


def _name_of_the_fifth_edition(data: bytes, error: ET.ParseError) -> bool:
    """Whether the other parser stopped at a character that names may have since XML 1.0's fifth edition.

    It knows the names of the fourth alone, so that of such a document there is no second reading.
    """
    line, column = error.position
    where = data.decode("utf-8", "replace").split("\n")[line - 1][column : column + 1]
    return not where.isascii()


def _independently(data: bytes) -> ET.Element:
    try:
        return ET.fromstring(data)
    except (ValueError, LookupError):
        # The other parser knows few encodings: it is given the text, without the declaration of its encoding.
        declared = re.search(rb"encoding=[\"']([A-Za-z0-9._-]+)", data)
        if declared is None:
            raise
        return ET.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", data.decode(declared[1].decode())))


def kind_of(message: Mms) -> str | None:
    """The kind of problem a document has, without names and numbers; None when it has none."""
    return _VARIABLE.sub("_", message.problem.reason) if message.problem else None
