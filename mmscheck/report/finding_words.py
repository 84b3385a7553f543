"""What is said of findings in more than one format: every sentence has its home here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mmscheck.base.text import count
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.report import Evaluation, MessageReport, TargetKey
from mmscheck.model.waiver import Waiver, WaiverState, WaiverUse
from mmscheck.model.words import MediaKind, Outcome, Owner, Severity, TargetKind
from mmscheck.report.findings import Effect, Finding, ref_of
from mmscheck.report.layout import Style, shown, shown_url

WHO: Mapping[Owner, str] = MappingProxyType(
    {
        Owner.CONTENT: "whoever writes the message and makes its media",
        Owner.HOSTING: "whoever runs the web server",
        Owner.SENDER: "whoever makes the send request",
    }
)
"""Who each owner is."""

OWNERS: Mapping[Owner, str] = MappingProxyType({owner: f"{owner}: {who}" for owner, who in WHO.items()})
"""Who can fix a finding: the owner, and who that is."""

CODES = " (the provider's error codes for this)"
"""What is said behind codes."""

CRASHED = "Send the traceback to the makers of mmscheck; the JSON report has it, as evidence."
"""What helps where mmscheck itself is at fault."""


MOST_NAMED = 3
"""Rules that are named where they only follow; more are counted."""

_ABOUT = {
    TargetKind.MESSAGE: "the message",
    TargetKind.REQUEST: "the send request",
    TargetKind.SLIDE: "this slide",
    TargetKind.MEDIA: "this file",
}


def kind_of(item: Evaluation, severity: Severity | None = None) -> str:
    """What kind of finding an evaluation is; ``severity`` is the worst of what is told with it."""
    return (severity or item.severity).value.upper() if item.outcome is Outcome.FAILED else "CANNOT TELL"


def label(each: Finding) -> tuple[str, Style]:
    """What kind of finding it is and what it does, with its style."""
    if each.waiver is not None and each.effect is Effect.WAIVED:
        return "KNOWN" if each.waiver.baseline else "WAIVED", Style.ADVICE
    doubt = Style.BAD if each.failed else Style.DOUBT
    kind = kind_of(each.first, each.severity)
    return f"{kind}, {each.effect.value}", doubt if each.blocks else Style.ADVICE


def seen(source: str, each: Finding) -> str:
    """What was found, in one shown sentence; the path stands above it, and is not said again."""
    item = each.first
    if item.crashed and each.lead is not None:
        return f"mmscheck itself failed in rule {shown(item.rule)}; please report it. It counts as undecided."
    if each.lead is None:
        return undecided(each)
    named = item.target.kind is TargetKind.MESSAGE and item.message.startswith(f"{source} ")
    return shown(f"It{item.message.removeprefix(source)}" if named else item.message)


def undecided(each: Finding) -> str:
    """What is said of findings without a lead, which have one reason in common."""
    reason = min((item.reason for item in each.items), key=len)
    return f"{count(len(each.items), 'rule')} could not be decided: {shown(reason).rstrip('.')}."


def also(each: Finding) -> str:
    """The findings that follow from the lead, in a sentence."""
    verb = "it follows" if len(each.follows) == 1 else "they follow"
    return f"{follower_names(each)}: {verb} from it."


def follower_names(each: Finding) -> str:
    """The names of what follows; of more than a few that block nothing no more than the number."""
    guards = [shown(item.rule) for item in each.follows if item.severity is Severity.ERROR]
    advice = [f"{shown(item.rule)} (advice)" for item in each.follows if item.severity is not Severity.ERROR]
    if not each.strict and len(advice) > MOST_NAMED:
        return " and ".join(filter(None, [", ".join(guards), f"{len(advice)} that only advise"]))
    return ", ".join([*guards, *advice])


def so(each: Finding) -> str:
    """What could not be looked at because of the entry's lead: the names when they are few."""
    if len(each.undecided) <= MOST_NAMED:
        return f"nothing can be said yet about: {rule_names(each.undecided)}."
    own = [item for item in each.undecided if item.target == each.target]
    whole = [item for item in each.undecided if item.target != each.target]
    about = f"{count(len(own), 'other rule')} about {_ABOUT[each.target.kind]}"
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


def location(source: str, item: Evaluation) -> str:
    """``file:line``, or the file alone where no line is known; in JSON ``file:line:column, pointer``."""
    if item.line is None:
        return shown(source)
    column, pointer = item.evidence.get("column"), item.evidence.get("pointer")
    place = f":{column}" if type(column) is int and column > 0 else ""
    path = f", {shown(pointer)}" if isinstance(pointer, str) and pointer else ""
    return f"{shown(source)}:{item.line}{place}{path}"


def medium(ref: MediaRef | None, url: str | None) -> str:
    """The kind and URL of a medium; ``url`` is shown already."""
    kind = ref.kind.value if ref else "medium"
    return f"{kind} {url}" if url else kind


def leave(waiver: Waiver) -> str:
    """Who let it through, until when and why, shown."""
    if waiver.baseline:
        return f"the baseline {shown(waiver.who)}, which knows it"
    return f"{shown(waiver.who)}, until {waiver.expires}: {shown(waiver.reason)}"


def let_through(waiver: Waiver) -> str:
    """The same as the beginning of a sentence."""
    if waiver.baseline:
        return f"Known from the baseline {shown(waiver.who)}"
    return f"Waived by {leave(waiver)}"


def about_waiver(use: WaiverUse) -> tuple[str, str]:
    """What became of a waiver: a label and a sentence, both shown."""
    what = f"{shown(use.waiver.rule)}{_scope(use.waiver)}"
    about = count(use.matches, "finding")
    by = f"({leave(use.waiver)})"
    match use.state:
        case WaiverState.USED:
            return "Waived: ", f"{what}, {about} {by}"
        case WaiverState.UNUSED:
            return "waiver not used: ", f"{what} matches no finding; correct or remove it {by}"
        case WaiverState.EXPIRED:
            return "waiver expired: ", f"{what} no longer holds, and matches {about}; remove or renew it {by}"
        case WaiverState.REFUSED:
            return "waiver refused: ", f"{what} can be waived by nobody; remove it {by}"


def _scope(waiver: Waiver) -> str:
    parts = {
        "in": waiver.source and shown(waiver.source),
        "on slide": waiver.slide,
        "for": waiver.url and shown_url(waiver.url),
    }
    return "".join(f" {word} {value}" for word, value in parts.items() if value)


COPY_ERRORS: Mapping[MediaKind, str] = MappingProxyType(
    {
        MediaKind.IMAGE: "E351",
        MediaKind.AUDIO: "E352",
        MediaKind.VIDEO: "E353",
        MediaKind.VCARD: "E355",
        MediaKind.ICAL: "E356",
        MediaKind.PDF: "E357",
        MediaKind.PASSBOOK: "E358",
    }
)
"""The provider's code for a file that it could not copy, by slide element (Sinch XML API, 2015 and 2021)."""

SIZE_ERRORS: Mapping[MediaKind, str] = MappingProxyType(
    {
        MediaKind.IMAGE: "E331",
        MediaKind.AUDIO: "E332",
        MediaKind.VIDEO: "E333",
        MediaKind.VCARD: "E335",
        MediaKind.ICAL: "E336",
        MediaKind.PDF: "E337",
        MediaKind.PASSBOOK: "E338",
    }
)
"""The same for a file that is too big."""


def codes_of(message: MessageReport, item: Evaluation) -> tuple[str, ...]:
    """The provider's codes that a finding would have become."""
    ref = ref_of(message, item.target)
    return codes_for(item.provider_codes, ref.kind if ref else None)


def codes_for(codes: Sequence[str], kind: MediaKind | None) -> tuple[str, ...]:
    """The codes; of a whole family with one code for each slide element only the one for this element."""
    told = tuple(codes)
    for family in (COPY_ERRORS, SIZE_ERRORS):
        if kind is not None and set(family.values()).issubset(codes):
            told = tuple(code for code in told if code not in family.values() or code == family[kind])
    return told
