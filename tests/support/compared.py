"""Two runs to be compared: built from the sample reports, written and read again as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from mmscheck.diff import Comparison, compare
from mmscheck.model.mms import MediaRef
from mmscheck.model.report import Evaluation, MessageReport, Report
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.words import MediaKind, Outcome, Severity
from mmscheck.report import View
from mmscheck.report.json_read import ReadReport
from mmscheck.report.json_v1 import render
from tests.support import reports

HOST = "https://media.example.com"


def picture(url: str, slide: int, index: int) -> MediaRef:
    """An image reference."""
    return MediaRef(url=url, kind=MediaKind.IMAGE, slide=slide, index=index, line=4 + slide)


def one(
    *evaluations: Evaluation, source: str = "sale.xml", media: tuple[MediaRef, ...] = (), **values: Any
) -> MessageReport:
    """A message with these evaluations, and one that passed."""
    base = reports.evaluation("xml-well-formed", Outcome.PASSED)
    mine = evaluations if any(item.rule == base.rule for item in evaluations) else (base, *evaluations)
    seen = values.pop("observations", {ref.url: reports.fetched(ref.url) for ref in media})
    return reports.message(source, mine, media, seen, **values)


def view(*messages: MessageReport, **values: Any) -> View:
    """A run over the messages, with the verdict that follows from blocking evaluations."""
    run = replace(reports.report(*messages), **values)
    verdicts = tuple(_verdict(run, message) for message in messages)
    good = all(item.permitted for item in verdicts) and not run.unread
    reasons = tuple(f"not read: {sentence}" for sentence in run.unread)
    return View(
        report=run,
        verdict=Verdict(permitted=good, exit_code=0 if good else 1, messages=verdicts, reasons=reasons),
    )


def _verdict(run: Report, message: MessageReport) -> MessageVerdict:
    bad = [
        f"{item.rule} {item.outcome}"
        for item in message.evaluations
        if item.outcome in {Outcome.FAILED, Outcome.CANT_TELL}
        and (run.strict or item.severity is Severity.ERROR)
    ]
    return MessageVerdict(source=message.source, permitted=not bad, reasons=tuple(bad))


def read(shown: View) -> ReadReport:
    """The run as ``mmscheck diff`` reads it."""
    return msgspec.json.decode(render(shown), type=ReadReport)


def difference(old: View, new: View) -> Comparison:
    """What changed between two runs."""
    return compare(read(old), read(new), old_file="old.json", new_file="new.json")


def told(comparison: Comparison) -> list[tuple[str, str, bool]]:
    """Each change in short: its kind, its rule, whether it blocks."""
    return [(str(item.kind), item.rule, item.blocking) for item in comparison.changes]


def written(file: Path, shown: View, **changed: Any) -> Path:
    """The run as a file, with keys of the document changed."""
    document = json.loads(render(shown)) | changed
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`|[x](javascript:alert(1)) @everyone #1 "
    "=HYPERLINK(1) <!-- --> &amp; \u202egpj.exe\x1b[2J\x00\u2028https://evil.example.com/a.b"
)
"""Markup, links, mentions, formulas, and characters that hide or turn text."""


def sample() -> Comparison:
    """Every kind of change, added, removed and moved messages, and runs that differ."""
    url = f"{HOST}/spring/photo.jpg"
    length = {
        "message": f"{url} answered without Content-Length.",
        "fix": "Serve it as a static file.\nOn nginx:\n    gzip off;",
        "line": 5,
    }
    old = view(
        one(
            reports.evaluation("subject-ascii", Outcome.FAILED, message="The subject holds 1 character: ü."),
            reports.evaluation("subject-length-advised", Outcome.FAILED, severity=Severity.WARNING),
            reports.evaluation("request-to", Outcome.FAILED, reports.REQUEST),
            reports.evaluation(
                "no-redirect", Outcome.FAILED, reports.medium(1, 1), severity=Severity.WARNING
            ),
            reports.evaluation("content-length", Outcome.PASSED, reports.medium(1, 1)),
            reports.evaluation("not-chunked", Outcome.PASSED, reports.medium(1, 1)),
            media=(picture(url, 1, 1),),
        ),
        one(source="moved/old.xml", name="Moved"),
        one(
            reports.evaluation("subject-present", Outcome.FAILED),
            reports.evaluation("subject-length", Outcome.FAILED),
            source="gone.xml",
            name="Gone",
            digest="sha256:" + "44" * 32,
        ),
    )
    new = view(
        one(
            reports.evaluation("subject-ascii", Outcome.PASSED),
            reports.evaluation("subject-length-advised", Outcome.FAILED, severity=Severity.WARNING),
            reports.evaluation(
                "no-redirect", Outcome.INAPPLICABLE, reports.medium(1, 1), severity=Severity.WARNING
            ),
            reports.evaluation("content-length", Outcome.FAILED, reports.medium(1, 1), **length),
            reports.evaluation("not-chunked", Outcome.CANT_TELL, reports.medium(1, 1), reason="timed out"),
            media=(picture(url, 1, 1),),
            digest="sha256:" + "55" * 32,
        ),
        one(source="moved/new.xml", name="Moved"),
        one(
            *(reports.evaluation(rule, Outcome.FAILED) for rule in ("subject-plain", "slide-count")),
            reports.evaluation("name-present", Outcome.CANT_TELL, reason="timed out"),
            reports.evaluation("elements-known", Outcome.FAILED, severity=Severity.WARNING),
            source="added.xml",
            name="Added",
            digest="sha256:" + "66" * 32,
        ),
        ruleset_digest="sha256:" + "77" * 32,
    )
    return difference(old, new)


def hostile() -> Comparison:
    """The same of a run in which every string attacks."""
    found = reports.evaluation(
        "url-clean", Outcome.FAILED, reports.medium(1, 1), message=EVIL, fix=f"{EVIL}\n    {EVIL}", line=2
    )
    url = f"http://evil.example.com/{EVIL}.jpg?token=hunter2hunter2"
    media = (picture(url, 1, 1),)
    bad = one(found, source=EVIL, name=EVIL, media=media)
    added = one(
        found, source=f"added {EVIL}", name=f"added {EVIL}", media=media, digest="sha256:" + "66" * 32
    )
    new = view(bad, added, profile=EVIL, unread=(EVIL,), allowances=(EVIL,), tool_version=EVIL)
    return difference(view(one(source=EVIL, name=EVIL, media=media)), new)


__all__ = [
    "EVIL",
    "HOST",
    "difference",
    "hostile",
    "one",
    "picture",
    "read",
    "replace",
    "sample",
    "told",
    "view",
    "written",
]
