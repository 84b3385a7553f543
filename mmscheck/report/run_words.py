"""What is said of a run beside its findings: the verdict as a sentence, the counts, what was not looked at.

The numbers explain what the gate decided; they decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import msgspec

from mmscheck.base.text import count
from mmscheck.model.campaign import CampaignResult
from mmscheck.model.observation import NotFetched, Reason
from mmscheck.model.prices import money
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.request import SendStatus
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.words import Outcome
from mmscheck.report.clean import clean_url
from mmscheck.report.findings import judged
from mmscheck.report.layout import Style, shown
from mmscheck.report.view import View


def decision_word(verdict: Verdict | MessageVerdict, *, offline: bool) -> tuple[str, Style]:
    """The verdict in a word, with its style; what permits nothing has words of its own."""
    if verdict.passed_offline or verdict.passed_media:
        return "PASS", Style.GOOD
    if offline:
        return "FAIL", Style.BAD
    return ("PERMIT", Style.GOOD) if verdict.permitted else ("DENY", Style.BAD)


def gate_reasons(verdict: MessageVerdict) -> list[str]:
    """The gate's reasons that no finding of the message tells, such as a rule that never ran; shown."""
    return [shown(reason) for reason in verdict.untold]


def decision(view: View) -> str:
    """Why it is permitted or denied, and when a send was denied that nothing was sent."""
    if view.verdict.permitted:
        return _permitted(view)
    aside = "".join(f"; {clause}" for clause in not_looked_at(view.report))
    if view.verdict.passed_offline:
        return f"{_permitted(view).rstrip('.')}{aside}; offline, so nothing is permitted by lint."
    if view.verdict.passed_media:
        return f"{_permitted(view).rstrip('.')}; there is no message, so nothing is permitted."
    told = ("; ".join(_clauses(view)) or "the gate gave no reason") + aside
    untouched = view.send is not None and view.send.status is SendStatus.NOT_ATTEMPTED
    return f"{told}. Nothing was sent." if untouched else f"{told}."


def _permitted(view: View) -> str:
    passed = idle = known = waived = 0
    for message, verdict in view.pairs:
        waivers = verdict.waivers
        for item in message.evaluations:
            if not view.report.blocks(item.severity):
                continue
            waiver = waivers.get((item.rule, item.target))
            passed += waiver is None and item.outcome is Outcome.PASSED
            idle += waiver is None and item.outcome is Outcome.INAPPLICABLE
            known += waiver is not None and waiver.baseline
            waived += waiver is not None and not waiver.baseline
    counted = f"{count(passed, 'check')} passed, {idle:,} did not apply"
    if known:
        counted += f", {known:,} known from the baseline"
    if waived:
        return f"every blocking rule passed or was waived ({counted}, {waived:,} failed and was waived)."
    return f"every blocking rule passed{' or is known' if known else ''} ({counted})."


def _clauses(view: View) -> Iterator[str]:
    if told := _findings(view):
        yield told
    elif others := sum(len(gate_reasons(verdict)) for _, verdict in view.heads):
        yield f"{count(others, 'reason')} of the gate, named above"
    if unread := view.report.unread:
        yield f"{count(len(unread), 'input')} could not be read"
    for reason in view.verdict.untold:
        yield shown(reason).rstrip(".")


def _findings(view: View) -> str:
    """What blocks, counted as the text report numbers it, with how many rules follow from that."""
    blocking = failed = guards = 0
    for each in (each for one in judged(view) for each in one.blocking):
        blocking += 1
        failed += each.failed
        guards += len(each.guards)
    undecided = blocking - failed
    told = [count(failed, "fault blocks", "faults block")] if failed else []
    if undecided:
        told.append(count(undecided, "finding") + " could not be decided")
    if below := guards - blocking:
        them = "it" if blocking == 1 else "them"
        told.append(count(below, "other rule follows", "other rules follow") + f" from {them}")
    return ", ".join(told)


MOST_FOLDERS = 3
"""Folders of unmapped URLs that are named; the others are counted."""


class UnlookedFolder(msgspec.Struct, frozen=True, kw_only=True):
    """URLs below one web folder that no local folder is mapped to; ``prefix`` is empty for what is no URL."""

    prefix: str
    media: int


def configured(report: Report) -> str:
    """Which file shaped the rules, as a sentence; empty without one."""
    return f"Configuration: {shown(report.configuration)}." if report.configuration else ""


def not_looked_at(report: Report) -> Iterator[str]:
    """Clauses on media that lint could not look at, and on files that it left out."""
    found = unlooked(report)
    if found:
        media = sum(each.media for each in found)
        verb = "was" if media == 1 else "were"
        yield f"{count(media, 'media file')} {verb} not looked at: no folder is mapped to {_named(found)}"
    if report.left_out:
        verb = "was" if report.left_out == 1 else "were"
        yield f"{count(report.left_out, 'other XML or JSON file')} {verb} left out"


def looked_at(messages: Iterable[MessageReport]) -> str:
    """How many media files these have, and how many of them lint could look at where those are not all."""
    media = idle = 0
    for message in messages:
        media += len(message.media)
        idle += sum(_is_idle(message, ref.url) for ref in message.media)
    if not idle:
        return count(media, "media file")
    looked = "none" if idle == media else f"{media - idle:,}"
    return f"{count(media, 'media file')}, {looked} of them looked at"


def inputs(report: Report) -> str:
    """How many messages with how many media, and how many files that stand alone."""
    files = sum(map(is_lone, report.heads))
    whole = len(report.messages) - files
    about = looked_at(message for message in report.heads if not is_lone(message))
    told = [f"{count(whole, 'message')} with {about}"] if whole or not files else []
    if files:
        told.append(count(files, "file"))
    return " and ".join(told)


def is_lone(message: MessageReport) -> bool:
    """Whether it is a media file by itself, and no message."""
    return bool(message.media) and all(ref.is_alone for ref in message.media)


def unlooked(report: Report) -> tuple[UnlookedFolder, ...]:
    """The distinct URLs that were not looked at, by host, each under the folder that they share."""
    urls = {ref.url: None for message in report.heads for ref in message.media if _is_idle(message, ref.url)}
    by_host: dict[str, list[str]] = {}
    for url in urls:
        by_host.setdefault(_origin(url), []).append(url)
    return tuple(
        UnlookedFolder(prefix=_shared(origin, each), media=len(each)) for origin, each in by_host.items()
    )


def _is_idle(message: MessageReport, url: str) -> bool:
    seen = message.observations.get(url)
    return isinstance(seen, NotFetched) and seen.reason is Reason.OFFLINE


def _named(found: tuple[UnlookedFolder, ...]) -> str:
    named = [shown(each.prefix) or "what is no URL" for each in found[:MOST_FOLDERS]]
    if more := len(found) - len(named):
        named.append(f"{more:,} more")
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{listed} ([assets])"


def _origin(url: str) -> str:
    """Scheme and host with a slash; empty for what has none."""
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{parts.scheme.lower()}://{host.lower()}/" if parts.scheme and host else ""


def _shared(origin: str, urls: list[str]) -> str:
    """The longest folder that all of these URLs of one host lie in."""
    if not origin:
        return ""
    folders = [urlsplit(url.strip()).path.split("/")[1:-1] for url in urls]
    shared = []
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return clean_url(origin + "".join(f"{name}/" for name in shared))


_ENDS = {
    "accepted": "accepted",
    "recorded": "accepted in an earlier run",
    "refused": "refused",
    "not_sent": "not sent",
    "unknown": "of unknown outcome (never repeated)",
    "denied": "denied by the gate",
    "duplicates": "repeated in the file",
    "left": "left",
}


_PLACES = 5
"""Campaigns that are named as those from which numbers have the message."""


def campaign_sentence(result: CampaignResult) -> str:
    """How a campaign ended: the counts as one sentence; what is none is left out."""
    told = [f"{getattr(result, name):,} {label}" for name, label in _ENDS.items() if getattr(result, name)]
    speed = ""
    if result.accepted and result.seconds:
        speed = f" in {result.seconds:,.0f} s ({result.accepted / result.seconds:,.0f}/s)"
    stopped = f" Stopped: {result.stopped}." if result.stopped else ""
    ends = ", ".join(told) or "nothing was sent"
    more = f"{_had(result)}{_withheld(result)}{_cost(result)}{_proof(result)}{stopped}"
    return f"{count(result.rows, 'row')}: {ends}{speed}.{more}"


def _cost(result: CampaignResult) -> str:
    """What it costs at most; nothing where no price is known."""
    cost = result.cost
    if cost is None or not cost.messages:
        return ""
    priced = count(cost.messages - cost.unpriced, "message")
    told = f" At most {money(cost.amount)} {cost.currency} for {priced}"
    if not cost.unpriced:
        return f"{told}."
    return f"{told}; of {count(cost.unpriced, 'more', 'more')} the price is not known: {cost.why}."


_MOST_VARIANTS = 12


def _proof(result: CampaignResult) -> str:
    """Which rows stand for which variants, and how the proof of them stands."""
    proof = result.proof
    if proof is None:
        return ""
    rows = [f"line {one.line} ({', '.join(one.kinds)})" for one in proof.variants[:_MOST_VARIANTS]]
    if len(proof.variants) > _MOST_VARIANTS:
        rows.append(f"{len(proof.variants) - _MOST_VARIANTS} more")
    told = f" Proof {proof.digest}: {'; '.join(rows)} stand for all rows."
    if proof.phones:
        messages = f"{proof.accepted} of {count(len(proof.variants) * len(proof.phones), 'message')}"
        told += f" {messages} to {', '.join(proof.phones)} went out."
    told += f" Not so: {'; '.join(proof.faults)}." if proof.faults else ""
    return told + (f" Approved by {proof.approved_by}." if proof.approved_by else " Nobody has approved it.")


def _withheld(result: CampaignResult) -> str:
    """How many numbers were left out for their own sake."""
    told = ""
    if result.withheld:
        verb = "is" if result.withheld == 1 else "are"
        told = f" {count(result.withheld, 'number')} {verb} not to be texted, and {verb} in --row-log."
    if result.not_now:
        told += f" {count(result.not_now, 'number')} may be texted later only: run the same again then."
    return told


def _had(result: CampaignResult) -> str:
    """How many numbers have the message from elsewhere, and from where."""
    if not result.had:
        return ""
    places = [(f"campaign {name}" if name else "single sends", number) for name, number in result.had_from]
    if len(places) > 1:
        told = ", ".join(f"{number:,} from {place}" for place, number in places[:_PLACES])
        more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    else:
        told, more = "".join(f"from {place}" for place, _ in places), ""
    lead = f"{result.had:,} of these numbers have this message already"
    return f" {lead}, {told}{more}; --again sends it once more."
