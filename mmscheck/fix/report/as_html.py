"""The run as one self-contained page: each file before and after, side by side; no script in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from mmscheck.fix.values import Action, Entry, Found, Result, Side
from mmscheck.report.escape import visible
from mmscheck.report.html.markup import Markup, join, tag

STYLE = """
:root { color-scheme: light dark; --line: #767676; --faint: #f2f2f2; --bad: #a40000; --good: #00601f }
@media (prefers-color-scheme: dark) { :root { --faint: #2a2a2a; --bad: #ff9c9c; --good: #8fe0a5 } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 0 0 .5rem; overflow-wrap: anywhere }
.verdict { border-left: .4rem solid var(--bad); padding: .5rem 1rem; background: var(--faint) }
.verdict.passed { border-color: var(--good) }
section { border: 1px solid var(--line); border-radius: .4rem; padding: 1rem; margin: 1rem 0 }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
@media (max-width: 40rem) { .pair { grid-template-columns: 1fr } }
figure { margin: 0; padding: .5rem; background: var(--faint); border-radius: .3rem; min-width: 0 }
figure img { max-width: 100%; max-height: 22rem; display: block; border: 1px solid var(--line) }
figcaption { margin-bottom: .4rem; font-weight: bold } p { margin: .4rem 0; overflow-wrap: anywhere }
ul { margin: .4rem 0; padding-left: 1.2rem } li { overflow-wrap: anywhere }
.gone { color: var(--good) } .left { color: var(--bad) } .advice { color: inherit }
table { border-collapse: collapse } td, th { text-align: left; padding: 0 1rem 0 0; vertical-align: top }
@media print { section { break-inside: avoid } }
"""

WORDS = {
    Action.MENDED: "mended",
    Action.RENAMED: "named otherwise",
    Action.COPIED: "copied as it is",
    Action.LEFT: "not mended",
}


COUNTED = {Action.COPIED: "copied as they are"}
"""What is told of several."""


def render(result: Result) -> str:
    """The whole page; whatever came from files and names is text in it."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "mmscheck fix: before and after"),
        tag("style", Markup(STYLE)),
    )
    told = [entry for entry in result.entries if entry.action is not Action.COPIED or entry.before.findings]
    rest = [entry for entry in result.entries if entry not in told]
    body = tag(
        "body",
        tag("main", tag("h1", "Before and after"), _verdict(result), *map(_section, told), _copied(rest)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _text(text: str) -> str:
    return visible(text)


def _verdict(result: Result) -> Markup:
    counts = ", ".join(
        f"{result.count(action):,} {COUNTED.get(action, words)}" for action, words in WORDS.items()
    )
    dry = " Nothing was written: this is a dry run." if result.dry else ""
    passed = (
        "What there is now passes lint." if result.passed else "Not all of it passes lint: see what is left."
    )
    unread = [tag("p", f"Not read: {_text(sentence)}", class_="left") for sentence in result.unread]
    return tag(
        "div",
        tag("strong", passed),
        tag("p", f"{len(result.entries):,} files: {counts}.{dry}"),
        *unread,
        class_="verdict passed" if result.passed else "verdict",
    )


def _section(entry: Entry) -> Markup:
    changed = entry.after is not None
    sides = [_side("Before", entry.before, entry.source)]
    if entry.after is not None:
        sides.append(_side("After", entry.after, entry.target or ""))
    done = tag("ul", *(tag("li", _text(clause)) for clause in entry.done)) if entry.done else None
    return tag(
        "section",
        tag("h2", f"{_text(entry.source)}: {WORDS[entry.action]}"),
        tag("div", *sides, class_="pair") if changed or entry.before.likeness else None,
        done,
        _measure(entry),
        *_why(entry),
        _findings("Gone", "gone", entry.gone),
        _findings("Left", "left", entry.left),
    )


def _side(title: str, side: Side, name: str) -> Markup:
    width, height = side.facts.get("width"), side.facts.get("height")
    rows = [("bytes", f"{side.size:,}"), ("type", side.type or "not known")]
    rows += [("pixels", f"{width} x {height}")] if width and height else []
    seconds = side.facts.get("duration")
    rows += [("seconds", f"{seconds:.3g}")] if isinstance(seconds, int | float) else []
    return tag(
        "figure",
        tag("figcaption", title),
        tag("img", src=side.likeness, alt=f"{title}: {_text(name)}") if side.likeness else None,
        tag("table", *(tag("tr", tag("th", key, scope="row"), tag("td", value)) for key, value in rows)),
    )


def _measure(entry: Entry) -> Markup | None:
    measure = entry.measure
    if measure is None:
        return None
    return tag(
        "p", tag("strong", f"{measure.name} {measure.value:.4g}"), f" ({_text(measure.of)}; 1 is the same)"
    )


def _why(entry: Entry) -> Iterator[Markup]:
    if entry.why:
        yield tag("p", tag("strong", "Why not: "), _text(entry.why))
    if entry.owner:
        yield tag("p", tag("strong", "Who can: "), entry.owner)


def _findings(title: str, kind: str, found: Sequence[Found]) -> Markup | None:
    if not found:
        return None
    items = [
        tag(
            "li",
            tag("strong", each.rule),
            f"{'' if each.severity == 'error' else ' (advice)'}: {_text(each.message)}",
        )
        for each in found
    ]
    return join(tag("p", tag("strong", title, class_=kind)), tag("ul", *items))


def _copied(entries: Sequence[Entry]) -> Markup | None:
    if not entries:
        return None
    names = [tag("li", _text(entry.source)) for entry in entries]
    return tag(
        "section", tag("h2", f"{len(entries):,} copied as they are, with nothing found"), tag("ul", *names)
    )
