"""The report as JUnit XML: every rule on every target is a test case, so that nothing passes unseen.

===================================  ==================================================================
what the gate sees                   what the case says
===================================  ==================================================================
passed                               nothing: it passes
failed, and it blocks                ``failure`` of type ``failed``
could not be decided, and it blocks  ``error`` of type ``cant-tell``, or ``crashed``
inapplicable                         ``skipped`` of type ``inapplicable``
failed, and waived                   ``skipped`` of type ``waived``
advice, which blocks nothing         ``skipped`` of type ``advice-failed`` or ``advice-cant-tell``
told with another finding            ``skipped`` of type ``follows-failed`` or ``follows-cant-tell``
===================================  ==================================================================

Those who read JUnit go by failures and errors, so there are some exactly where the exit status is not 0:
what the gate says of each message, of the run, and what the provider said of a send are cases as well. Where
findings tell it already, the gate's cases are ``skipped``, of type ``told``: one fault is one failure.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from xml.etree import ElementTree as ET

from mmscheck.model.words import Outcome
from mmscheck.report.clean import scrub_message
from mmscheck.report.finding_words import leave
from mmscheck.report.findings import Effect, Judged, findings
from mmscheck.report.layout import shown
from mmscheck.report.rows import FlatRow, every_row, shown_path
from mmscheck.report.rulings import ABOUT, VERDICT, is_told, message_ruling, run_rulings
from mmscheck.report.run_words import not_looked_at
from mmscheck.report.view import View, decision_value

_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(view: View) -> str:
    """The whole document, indented by two, ending with a line feed."""
    return "".join(parts(view))


def parts(view: View) -> Iterator[str]:
    """The document in pieces; suites are written one by one: elements take much more memory than text.

    The first line counts what comes after it, so that all has to be written before; it waits compressed, to
    a twentieth or less.
    """
    totals: Counter[str] = Counter()
    written = [zlib.compress(_written(suite, totals).encode(), 1) for suite in _suites(view)]
    root = ET.Element("testsuites", {"name": "mmscheck", "time": _seconds(view)})
    for name in ("tests", "failures", "errors"):
        root.set(name, str(totals[name]))
    opening = ET.tostring(root, encoding="unicode").removesuffix(" />")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}>'
    for packed in written:
        yield f"\n  {zlib.decompress(packed).decode()}"
    yield "\n</testsuites>\n"


def _suites(view: View) -> Iterator[ET.Element]:
    yield _run_suite(view)
    for raw, verdict in view.pairs:
        message = scrub_message(raw)
        found = findings(message, verdict, strict=view.report.strict)
        yield _message_suite(view, Judged(message=message, verdict=verdict, found=found))


def _written(suite: ET.Element, totals: Counter[str]) -> str:
    for name in ("tests", "failures", "errors"):
        totals[name] += int(suite.get(name, "0"))
    ET.indent(suite, level=1)
    return ET.tostring(suite, encoding="unicode")


def _seconds(view: View) -> str:
    return f"{view.report.duration_ms / 1000:.3f}"


def _run_suite(view: View) -> ET.Element:
    """What is true of the run as a whole."""
    report = view.report
    facts = {
        "mmscheck.version": report.tool_version,
        "ruleset.digest": report.ruleset_digest,
        "ruleset.rules": str(len(report.rules)),
        "profile": report.profile,
        **({"configuration": report.configuration} if report.configuration else {}),
        "strict": str(report.strict).lower(),
        "verdict": decision_value(view.verdict),
        "exit-code": str(view.verdict.exit_code),
        **{f"override.{at}": _override(each) for at, each in enumerate(report.overrides, 1)},
        **{f"allowance.{at}": each for at, each in enumerate(report.allowances, 1)},
        **{f"not-looked-at.{at}": each for at, each in enumerate(not_looked_at(report), 1)},
    }
    said = list(run_rulings(view))
    denied = any(not verdict.passed for _, verdict in view.heads)
    told = denied or any(row.effect is Effect.BLOCKS for row in said if row.rule != VERDICT)
    cases = [
        _case(row, classname="mmscheck", name=ABOUT[row.rule], told=told and row.rule == VERDICT)
        for row in said
    ]
    suite = _suite("mmscheck", facts, cases)
    suite.set("timestamp", report.started)
    suite.set("time", _seconds(view))
    return suite


def _override(change: dict[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in change.items())


def _message_suite(view: View, one: Judged) -> ET.Element:
    message, verdict = one.message, one.verdict
    source = shown_path(message.source, view.root)
    facts = {
        "digest": message.digest,
        "request-digest": message.request_digest,
        "name": message.name,
        "subject": message.subject,
        "verdict": decision_value(verdict),
    }
    said = message_ruling(view, verdict)
    gate = _case(said, classname=source, name="mmscheck-gate: message", told=is_told(one))
    evaluated = every_row(one)
    cases = (_case(row, classname=source, name=f"{row.rule}: {row.place}") for row in evaluated)
    suite = _suite(source, facts, [gate, *cases])
    suite.set("file", source)
    return suite


def _suite(name: str, facts: Mapping[str, str | None], cases: Iterable[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", {"name": name})
    properties = ET.SubElement(suite, "properties")
    for key, value in facts.items():
        if value is not None:
            ET.SubElement(properties, "property", {"name": key, "value": shown(value)})
    suite.extend(cases)
    suite.set("tests", str(len(suite.findall("testcase"))))
    for count, tag in _COUNTED.items():
        suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _case(row: FlatRow, *, classname: str, name: str, told: bool = False) -> ET.Element:
    """One case; ``told`` says that others have all that it would fail for."""
    case = ET.Element("testcase", {"classname": classname, "name": name})
    tag, kind = ("skipped", "told") if told and row.effect is Effect.BLOCKS else _result(row)
    if tag:
        found = ET.SubElement(case, tag, {"type": kind, "message": row.message})
        found.text = "\n".join(_told(row))
    return case


def _result(row: FlatRow) -> tuple[str, str]:
    """The element of a case and its type, both empty for one that passed."""
    if row.follows_from:
        return "skipped", f"follows-{row.outcome.value}"
    match row.effect:
        case Effect.NONE:
            return ("", "") if row.outcome is Outcome.PASSED else ("skipped", row.outcome.value)
        case Effect.WAIVED:
            return "skipped", "waived"
        case Effect.ADVISES:
            return "skipped", f"advice-{row.outcome.value}"
        case Effect.BLOCKS if row.outcome is Outcome.FAILED:
            return "failure", row.outcome.value
        case Effect.BLOCKS:
            return "error", "crashed" if row.crashed else row.outcome.value


def _told(row: FlatRow) -> Iterator[str]:
    """Everything about a case that did not simply pass, a line each."""
    facts = {
        "Follows from": row.follows_from,
        "Reason": row.reason,
        "Where": f"{shown(row.source)}:{row.line}" if row.source and row.line else shown(row.source),
        "URL": row.url,
        "Waived by": leave(row.waiver) if row.waiver else "",
        "Why": row.why,
        "Fix": "\n     ".join(row.fix),
        "Who": row.owner.value if row.owner and row.effect is not Effect.NONE else "",
        "Codes": ", ".join(row.codes),
    }
    yield row.message
    yield from (f"{name}: {text}" for name, text in facts.items() if text)
    yield from row.details
