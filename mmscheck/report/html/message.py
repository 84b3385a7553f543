"""One message on a page: verdict, subject, phone, findings, size, and what came back for its URLs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from mmscheck.base.text import count
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Hop
from mmscheck.model.report import MessageReport
from mmscheck.model.verdict import MessageVerdict
from mmscheck.report.clean import clean_header
from mmscheck.report.escape import visible
from mmscheck.report.findings import Entry
from mmscheck.report.html.advice import Ids
from mmscheck.report.html.budget import budget
from mmscheck.report.html.finding import CLASSES, UNCLEAR, Findings, badge, owner_of
from mmscheck.report.html.markup import NOTHING, Markup, join, tag
from mmscheck.report.html.medium import NAMES
from mmscheck.report.html.phone import Marks, phones
from mmscheck.report.html.pictures import Gallery
from mmscheck.report.html.subject import subject_line
from mmscheck.report.html.words import cut, said, url
from mmscheck.report.rollup import blocks
from mmscheck.report.summary import decision_word
from mmscheck.report.wording import came_back

MOST_HEADERS = 30
"""Header lines of one answer that are shown."""

HEADER = 400
"""Characters of a header's value that are shown."""


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """The controls of a page that holds one message only: they stand where they act."""

    findings: Markup = NOTHING
    pictures: Markup = NOTHING


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be written: what was found, what the gate decided, and how the run was judged."""

    number: int
    message: MessageReport
    verdict: MessageVerdict
    found: tuple[Entry, ...]
    strict: bool
    offline: bool

    @property
    def id(self) -> str:
        """The message's name on a page."""
        return f"m{self.number}"

    @property
    def title(self) -> str:
        """What people call the message: its name, else its subject, else its file; cut."""
        message = self.message
        return cut(
            next((each for each in (message.name, message.subject, message.source) if each), "message"), 120
        )

    @property
    def standing(self) -> tuple[Entry, ...]:
        """The findings that no waiver let through."""
        return tuple(entry for entry in self.found if entry.waiver is None)

    @property
    def blocking(self) -> tuple[Entry, ...]:
        """The findings that keep the message from going out."""
        return tuple(entry for entry in self.found if blocks(entry, strict=self.strict))

    @property
    def marks(self) -> dict[int, Marks]:
        """The findings on each slide (0: on a lone file)."""
        blocked = {entry.target.slide for entry in self.blocking}
        about = (entry.target for entry in self.standing)
        found = Counter(target.slide for target in about if target.slide or target.media)
        return {slide: Marks(found=number, blocks=slide in blocked) for slide, number in found.items()}


def message(shown: Shown, gallery: Gallery, *, opened: bool, tools: Tools | None = None) -> Markup:
    """The whole message: alone on its page with ``tools`` and no lid, else ``opened`` or closed."""
    alone = tools is not None
    word, style = decision_word(shown.verdict, offline=shown.offline)
    head = tag(
        "h2", badge(word, style), " ", tag("bdi", shown.title), id=None if alone else f"{shown.id}-title"
    )
    body = join(*_body(shown, gallery, tools or Tools()))
    look = f"message {CLASSES.get(style, 'plain')}"
    whose = tag("p", to_fix(shown), class_="owners")
    if alone:
        return tag("article", head, whose, body, class_=look, id=shown.id)
    lid = tag("summary", head, whose)
    lidded = tag("details", lid, body, open=opened)
    return tag("article", lidded, class_=look, id=shown.id, aria_labelledby=f"{shown.id}-title")


def to_fix(shown: Shown) -> str:
    """Who has how much to fix before the message may go out, in a sentence."""
    owners = Counter(owner_of(entry) for entry in shown.blocking)
    told = [_has(owner, number) for owner, number in owners.items()] or ["nothing to fix"]
    advice = len(shown.standing) - len(shown.blocking)
    told += [count(advice, "piece of advice", "pieces of advice")] if advice else []
    waived = len(shown.found) - len(shown.standing)
    told += [f"{waived} waived"] if waived else []
    sentence = "; ".join(told)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _has(owner: str, number: int) -> str:
    if owner == UNCLEAR:
        return f"{count(number, 'thing')} to fix, and it is not clear by whom"
    return f"{owner} has {count(number, 'thing')} to fix"


def _body(shown: Shown, gallery: Gallery, tools: Tools) -> Iterator[Markup]:
    report = shown.message
    yield tag("p", tag("span", "File ", class_="quiet"), tag("bdi", tag("code", cut(report.source, 300))))
    if not any(ref.is_alone for ref in report.media):
        yield subject_line(report, shown.id)
    yield phones(report, gallery, shown.marks, tools.pictures)
    findings = Findings(report, Ids(f"{shown.id}-c"), strict=shown.strict)
    yield findings.section(shown.found, shown.verdict, tools.findings)
    yield budget(report)
    yield _answers(report)


def _answers(report: MessageReport) -> Markup:
    """What came back for each URL, head and all, under a lid."""
    if not report.media:
        return NOTHING
    items = [_answer(report, ref) for ref in report.media[:100]]
    more = len(report.media) - len(items)
    return tag(
        "section",
        tag("h3", "What came back"),
        tag(
            "details",
            tag("summary", f"{count(len(report.media), 'media file')}, with the heads of the answers"),
            tag("ul", *items, class_="answers"),
            tag("p", f"and {count(more, 'more file')}") if more else None,
        ),
    )


def _answer(report: MessageReport, ref: MediaRef) -> Markup:
    seen = report.observations.get(ref.url)
    detected = report.servers.get(ref.url)
    return tag(
        "li",
        tag("p", tag("strong", NAMES[ref.kind]), " ", url(ref.url)),
        tag("p", tag("bdi", cut(came_back(seen)))),
        tag("p", "Detected: ", said(detected.phrase)) if detected else None,
        *(_hop(hop) for hop in (seen.hops[:10] if seen else ())),
    )


def _hop(hop: Hop) -> Markup:
    lines = [f"{hop.status if hop.status is not None else 'no answer'} from {hop.address or 'no address'}"]
    lines += [_header(name, value) for name, value in hop.headers[:MOST_HEADERS]]
    more = max(0, len(hop.headers) - MOST_HEADERS) + hop.left_out
    lines += [f"and {count(more, 'more header')}"] if more > 0 else []
    told = [join(tag("bdi", line), "\n") for line in lines]
    return tag("pre", tag("code", *told), tabindex=0, role="group", aria_label="Head of an answer")


def _header(name: str, value: str) -> str:
    """One header line; a value is cut after what is secret in it has gone."""
    key, told = clean_header(name[:HEADER], value[: HEADER * 20])
    more = len(value) - HEADER
    left = f" … and {count(more, 'more character')}" if more > 0 else ""
    return f"{visible(key[:HEADER])}: {visible(told[:HEADER])}{left}"
