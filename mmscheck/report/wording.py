"""The sentences of the text report that are the same for every rule."""

from __future__ import annotations

from collections.abc import Sequence

from mmscheck.base.text import count
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.report import Evaluation, MessageReport, TargetKey
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.findings import Entry
from mmscheck.report.layout import Style, shown

OWNERS = {
    Owner.CONTENT: "content: whoever writes the message and makes its media",
    Owner.HOSTING: "hosting: whoever runs the web server",
    Owner.SENDER: "sender: whoever makes the send request",
}
"""Who can fix a finding."""


MOST_NAMED = 3
"""Rules that are named where they only follow; more are counted."""

_ABOUT = {
    TargetKind.MESSAGE: "the message",
    TargetKind.REQUEST: "the send request",
    TargetKind.SLIDE: "this slide",
    TargetKind.MEDIA: "this file",
}


def label(entry: Entry, *, strict: bool) -> tuple[str, Style]:
    """What kind of finding it is and what it does, with its style."""
    if entry.waiver is not None:
        return "KNOWN" if entry.waiver.baseline else "WAIVED", Style.ADVICE
    blocks = strict or entry.severity is Severity.ERROR
    effect = "blocks" if blocks else "advises"
    if entry.first.outcome is not Outcome.FAILED:
        return f"CANNOT TELL, {effect}", Style.DOUBT if blocks else Style.ADVICE
    if entry.severity is Severity.ERROR:
        return f"ERROR, {effect}", Style.BAD
    return f"WARNING, {effect}", Style.BAD if blocks else Style.ADVICE


def seen(source: str, entry: Entry) -> str:
    """What was found, in one shown sentence; the path stands above it, and is not said again."""
    item = entry.first
    if item.crashed and entry.lead is not None:
        return f"mmscheck itself failed in rule {shown(item.rule)}; please report it. It counts as undecided."
    if entry.lead is not None:
        named = item.target.kind is TargetKind.MESSAGE and item.message.startswith(f"{source} ")
        return shown(f"It{item.message.removeprefix(source)}" if named else item.message)
    return undecided(entry)


def undecided(entry: Entry) -> str:
    """What is said of findings without a lead, which have one reason in common."""
    reason = min((each.reason for each in entry.items), key=len)
    return f"{count(len(entry.items), 'rule')} could not be decided: {shown(reason).rstrip('.')}."


def also(items: Sequence[Evaluation], *, strict: bool) -> str:
    """The findings that follow from another, in a sentence."""
    verb = "it follows" if len(items) == 1 else "they follow"
    return f"{follower_names(items, strict=strict)}: {verb} from it."


def follower_names(items: Sequence[Evaluation], *, strict: bool) -> str:
    """The names of what follows; of more than a few that block nothing no more than the number."""
    guards = [shown(item.rule) for item in items if item.severity is Severity.ERROR]
    advice = [f"{shown(item.rule)} (advice)" for item in items if item.severity is not Severity.ERROR]
    if not strict and len(advice) > MOST_NAMED:
        return " and ".join(filter(None, [", ".join(guards), f"{len(advice)} that only advise"]))
    return ", ".join([*guards, *advice])


def so(entry: Entry) -> str:
    """What could not be looked at because of the entry's lead: the names when they are few."""
    if len(entry.undecided) <= MOST_NAMED:
        return f"nothing can be said yet about: {rule_names(entry.undecided)}."
    own = [item for item in entry.undecided if item.target == entry.target]
    whole = [item for item in entry.undecided if item.target != entry.target]
    about = f"{count(len(own), 'other rule')} about {_ABOUT[entry.target.kind]}"
    return f"{about} could not be looked at (--format json lists them){_nor(whole)}."


def _nor(whole: Sequence[Evaluation]) -> str:
    """The rules about the whole message that wait for this file."""
    if len(whole) > MOST_NAMED:
        return f", nor {len(whole)} about the message"
    these = "this" if len(whole) == 1 else "these"
    return f", nor {these} about the message: {rule_names(whole)}" if whole else ""


def rule_names(items: Sequence[Evaluation]) -> str:
    """The rules' names; those that only advise come last and are marked."""
    guards = [shown(item.rule) for item in items if item.severity is Severity.ERROR]
    advice = [shown(item.rule) for item in items if item.severity is not Severity.ERROR]
    marked = f"advice: {', '.join(advice)}" if advice else ""
    return "; ".join(part for part in (", ".join(guards), marked) if part)


def heading(key: TargetKey) -> str:
    """The heading above the findings of a message, a request or a slide with its media."""
    if key.kind is TargetKind.MESSAGE:
        return "The message"
    if key.kind is TargetKind.REQUEST:
        return "The send request"
    return f"Slide {key.slide}" if key.slide else "The file"


def came_back(observation: Observation | None) -> str:
    """What the server gave for a URL, in a few words."""
    if observation is None:
        return "nothing is known of it"
    if not isinstance(observation, Fetched):
        # The reason of lint begins with these words.
        return f"not fetched: {shown(observation.explanation.removeprefix('not fetched: '))}"
    found = observation.sniffed
    looks = f"the bytes are {shown(found.shown)}" if found.shown else "the bytes are of no known type"
    if found.type and not found.shown:
        looks += f" (its name suggests {shown(found.type)})" if found.problem is None else ""
    if observation.final is None:
        return f"a local file of {count(observation.size, 'byte')}; {looks}"
    declared = ", ".join(observation.final.values("Content-Type"))
    named = f"the server calls it {shown(declared)}" if declared else "the server does not say what it is"
    return f"fetched {count(observation.size, 'byte')}; {named}, {looks}"


def location(source: str, line: int | None) -> str:
    """``file:line``, or the file alone where no line is known."""
    return shown(source) if line is None else f"{shown(source)}:{line}"


def ref_of(message: MessageReport, key: TargetKey) -> MediaRef | None:
    """The medium that a target is about, if it is about one."""
    return next((ref for ref in message.media if ref.index == key.media), None)


def medium(ref: MediaRef | None, url: str | None) -> str:
    """The kind and URL of a medium; ``url`` is shown already."""
    kind = ref.kind.value if ref else "medium"
    return f"{kind} {url}" if url else kind
