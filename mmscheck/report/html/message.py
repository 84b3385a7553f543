"""One message on a page: verdict, subject, phone, findings, size, and what came back for its URLs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from mmscheck.base.resolved import resolved
from mmscheck.base.text import count
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Hop
from mmscheck.model.report import MessageReport
from mmscheck.model.rule import OF_FILES
from mmscheck.model.words import Outcome
from mmscheck.report.clean import clean_header
from mmscheck.report.escape import visible
from mmscheck.report.finding_words import came_back
from mmscheck.report.findings import Judged
from mmscheck.report.html.finding import CLASSES, UNCLEAR, Findings, Ids, badge, owner_of
from mmscheck.report.html.markup import NOTHING, Markup, cut, join, said, size, tag, url
from mmscheck.report.html.medium import NAMES
from mmscheck.report.html.phone import SlideMarks, phones, subject_line
from mmscheck.report.html.pictures import Gallery
from mmscheck.report.run_words import decision_word

MOST_HEADERS = 30
"""Header lines of one answer that are shown."""

HEADER = 400
"""Characters of a header's value that are shown."""


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """The controls of a page that holds one message only: they stand where they act."""

    findings: Markup = NOTHING
    pictures: Markup = NOTHING


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be written: what was found, what the gate decided, and how the run was judged."""

    number: int
    one: Judged
    offline: bool

    @property
    def id(self) -> str:
        """The message's name on a page."""
        return f"m{self.number}"

    @property
    def title(self) -> str:
        """What people call the message: its name, else its subject, else its file; cut."""
        message = self.one.message
        return cut(
            next((each for each in (message.name, message.subject, message.source) if each), "message"), 120
        )

    @property
    def marks(self) -> dict[int, SlideMarks]:
        """The findings on each slide (0: on a lone file)."""
        blocked = {each.target.slide for each in self.one.blocking}
        about = (each.target for each in self.one.standing)
        found = Counter(target.slide for target in about if target.slide or target.media)
        return {slide: SlideMarks(found=number, blocks=slide in blocked) for slide, number in found.items()}


def message(shown: Shown, gallery: Gallery, *, opened: bool, tools: Controls | None = None) -> Markup:
    """The whole message: alone on its page with ``tools`` and no lid, else ``opened`` or closed."""
    alone = tools is not None
    word, style = decision_word(shown.one.verdict, offline=shown.offline)
    head = tag(
        "h2", badge(word, style), " ", tag("bdi", shown.title), id=None if alone else f"{shown.id}-title"
    )
    body = join(*_body(shown, gallery, tools or Controls()))
    look = f"message {CLASSES.get(style, 'plain')}"
    whose = tag("p", to_fix(shown), class_="owners")
    if alone:
        return tag("article", head, whose, body, class_=look, id=shown.id)
    lid = tag("summary", head, whose)
    lidded = tag("details", lid, body, open=opened)
    return tag("article", lidded, class_=look, id=shown.id, aria_labelledby=f"{shown.id}-title")


def to_fix(shown: Shown) -> str:
    """Who has how much to fix before the message may go out, in a sentence."""
    owners = Counter(owner_of(each) for each in shown.one.blocking)
    told = [_has(owner, number) for owner, number in owners.items()] or ["nothing to fix"]
    advice = len(shown.one.standing) - len(shown.one.blocking)
    told += [count(advice, "piece of advice", "pieces of advice")] if advice else []
    waived = len(shown.one.found) - len(shown.one.standing)
    told += [f"{waived} waived"] if waived else []
    sentence = "; ".join(told)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _has(owner: str, number: int) -> str:
    if owner == UNCLEAR:
        return f"{count(number, 'thing')} to fix, and it is not clear by whom"
    return f"{owner} has {count(number, 'thing')} to fix"


def _body(shown: Shown, gallery: Gallery, tools: Controls) -> Iterator[Markup]:
    report = shown.one.message
    yield tag("p", tag("span", "File ", class_="quiet"), tag("bdi", tag("code", cut(report.source, 300))))
    if not any(ref.is_alone for ref in report.media):
        yield subject_line(report, shown.id)
    yield phones(report, gallery, shown.marks, tools.pictures)
    findings = Findings(shown.one, Ids(f"{shown.id}-c"))
    yield findings.section(tools.findings)
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


RULES = (("message-size", "taken", "taken by"), ("message-size-advised", "advised", "advised for"))
"""The rules that weigh a message, the class of their bars, and how their numbers belong to a carrier."""

_WORDS = {Outcome.PASSED: "fits", Outcome.CANT_TELL: "not known whether it fits"}


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """One number in bytes and whose it is; nobody's in particular is everybody's."""

    maximum: int
    outcome: Outcome
    carriers: tuple[str, ...] = ()
    unit: str = ""
    total: int | None = None


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One file or text: what it is and its bytes before packing."""

    what: str
    bytes: int
    unknown: str = ""


@resolved
class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule about size saw: the sum on the wire, the numbers, the parts."""

    total: int
    at_least: bool
    limits: tuple[Bound, ...]
    parts: tuple[Piece, ...] = ()


def budget(message: MessageReport) -> Markup:
    """The bars, then the parts by size; nothing where nobody weighed the message."""
    weights = [(found, look, word) for rule, look, word in RULES if (found := _weight(message, rule))]
    if not weights:
        return NOTHING
    first = weights[0][0]
    about = f"{'at least ' if first.at_least else ''}{size(first.total)} packed for sending"
    bars = [row for weight in weights for row in _bars(*weight)]
    return tag(
        "section",
        tag("h3", "Size budget"),
        tag(
            "p",
            tag("strong", f"{about[:1].upper()}{about[1:]}"),
            " (base64 and part headers counted; texts too).",
        ),
        tag("ul", *bars, class_="bars"),
        _parts(first),
        class_="budget",
    )


def _weight(message: MessageReport, rule: str) -> Weight | None:
    for item in message.evaluations:
        if item.rule == rule and item.evidence:
            try:
                return msgspec.convert(item.evidence, Weight)
            except msgspec.ValidationError:
                return None
    return None


def _bars(found: Weight, look: str, word: str) -> Iterator[Markup]:
    for bound in found.limits:
        whose = ", ".join(cut(name, 60) for name in bound.carriers) or "every carrier"
        seen = found.total if bound.total is None else bound.total
        verdict = _WORDS.get(bound.outcome, f"{size(seen - bound.maximum)} too much")
        of_files = " of files" if bound.unit == OF_FILES else ""
        about = f"{'at least ' if found.at_least else ''}{size(seen)}{of_files}"
        text = f"{about[:1].upper()}{about[1:]} of the {size(bound.maximum)} {word} {whose}: "
        yield tag(
            "li",
            tag("span", text, tag("strong", verdict)),
            _bar(seen, bound.maximum),
            class_=f"bar {bound.outcome.value} {look}",
        )


def _bar(total: int, maximum: int) -> Markup:
    """A bar whose frame is the larger of the two numbers; the line in it is the limit."""
    whole = max(total, maximum, 1)
    used, line = (round(each / whole * 1_000) for each in (total, maximum))
    within = min(used, line)
    return tag(
        "svg",
        tag("rect", class_="frame", width=1_000, height=14),
        tag("rect", class_="used", width=within, height=14),
        tag("rect", class_="over", x=within, width=used - within, height=14) if used > within else None,
        tag("rect", class_="limit", x=max(line - 4, 0), width=4, height=14),
        viewBox="0 0 1000 14",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _parts(found: Weight) -> Markup:
    largest = sorted(found.parts, key=lambda part: -part.bytes)
    items = [
        tag("li", tag("bdi", cut(part.what, 300)), f": {size(part.bytes)}", _unknown(part))
        for part in largest[:20]
    ]
    more = len(largest) - len(items)
    return tag(
        "details",
        tag("summary", f"{count(len(largest), 'part')}, the largest first"),
        tag("ul", *items),
        tag("p", f"and {count(more, 'more part')}") if more else None,
    )


def _unknown(part: Piece) -> str:
    return f", may be more ({cut(part.unknown, 200)})" if part.unknown else ""
