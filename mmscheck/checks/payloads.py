"""Messages for other providers: what each of them needs, its own numbers, and the types it lists.

Providers count bytes as files have them, before packing, and all texts as one body. A file that two fields
name counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from mmscheck.base.text import count, listed, quoted
from mmscheck.checks import sizes
from mmscheck.checks.evidence import MOST_KEPT, shown_type
from mmscheck.checks.media_types import canonical, same_type
from mmscheck.checks.mime import proven_type
from mmscheck.checks.providers import PICTURES
from mmscheck.model.check import (
    Check,
    MediaTarget,
    MessageTarget,
    NoParams,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.mms import Mms, PayloadFault, Text
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.provider import OwnLimit
from mmscheck.model.words import Because, Outcome, TargetKind, sender_type

_LISTED = "a bare list of URLs is for no provider"


def whole(target: MessageTarget, _: NoParams) -> Result:
    """What the provider needs is there, in the types it takes, and all of it can be looked at."""
    payload, provider = target.message.payload, target.provider
    if payload is None or provider is None:
        return inapplicable(_LISTED)
    if payload.faults:
        evidence = {"faults": [_as_seen(each) for each in payload.faults[:MOST_KEPT]]}
        first = payload.faults[0]
        return failed(
            {**evidence, "line": first.line, "column": first.column, "pointer": first.pointer},
            faults=listed([_fault(each, provider.name) for each in payload.faults]),
            provider=provider.name,
        )
    if unseen := sum(slide.unseen for slide in target.message.slides):
        what = (
            f"{count(unseen, 'piece')} of its content {'lies' if unseen == 1 else 'lie'} with {provider.name}"
        )
        return cant_tell(f"{what}, and mmscheck cannot look at it")
    return passed(provider=provider.name, recipients=payload.recipients)


def _fault(fault: PayloadFault, provider: str) -> str:
    codes = f" ({provider}: {', '.join(fault.codes)})" if fault.codes else ""
    where = f" on line {fault.line}" if fault.pointer else ""
    return f"{fault.problem}{where}{codes}"


def _as_seen(fault: PayloadFault) -> dict[str, Any]:
    return {
        "problem": fault.problem,
        "line": fault.line,
        "column": fault.column,
        "pointer": fault.pointer,
        "codes": list(fault.codes),
    }


class _Count(msgspec.Struct, frozen=True, kw_only=True):
    """Something counted: what, how much at least, and why that may be too little."""

    what: str
    unit: str
    size: int
    unknown: str = ""
    unfetched: bool = False
    unseen: bool = False


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """A count held against the provider's number, or those of which one counts."""

    count: _Count
    numbers: tuple[OwnLimit, ...]

    @property
    def outcome(self) -> Outcome:
        """Exactly the number is fine; between several it is not known."""
        maxima = [each.maximum for each in self.numbers]
        if self.count.size > max(maxima):
            return Outcome.FAILED
        return Outcome.CANT_TELL if self.count.unknown or self.count.size > min(maxima) else Outcome.PASSED

    @property
    def words(self) -> str:
        """What is exceeded by what, and where the number stands."""
        number = max(self.numbers, key=lambda each: each.maximum)
        at_least = "at least " if self.count.unknown else ""
        has = f"{self.count.what} has {at_least}{count(self.count.size, self.count.unit)}"
        return f"{has}, and {number.maximum:,} are taken ({number.source})"

    @property
    def why(self) -> str:
        """Why it is not known whether it fits."""
        if self.count.unknown:
            return f"{self.count.what}: {self.count.unknown}"
        has = f"{self.count.what} has {count(self.count.size, self.count.unit)}"
        by_sender = [f"{each.sender.value} {each.maximum:,}" for each in self.numbers if each.sender]
        if by_sender:
            kinds = ", ".join(by_sender)
            what = f"the kind of number it is sent from ({kinds}), which the message does not tell"
        else:
            what = "the type of the file, which is not known"
        return f"{has}, and what is taken differs by {what}"

    @property
    def evidence(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "what": self.count.what,
            "unit": self.count.unit,
            "seen": self.count.size,
            "at_least": bool(self.count.unknown),
            "maximum": [each.maximum for each in self.numbers],
            "outcome": self.outcome.value,
            "sources": [each.source for each in self.numbers],
        }


def own_limits(target: MessageTarget, _: NoParams) -> Result:
    """The message keeps to every number of the provider it is for."""
    if target.provider is None:
        return inapplicable(_LISTED)
    held = [each for each in _held(target) if each.numbers]
    if not held:
        return inapplicable(f"{target.provider.name} publishes no numbers that could be found")
    evidence = {"provider": target.provider.name, "limits": [each.evidence for each in held]}
    if exceeded := [each.words for each in held if each.outcome is Outcome.FAILED]:
        return failed(evidence, provider=target.provider.name, exceeded=listed(exceeded))
    undecided = [each for each in held if each.outcome is Outcome.CANT_TELL]
    if undecided and all(each.count.unseen for each in undecided):
        return inapplicable(sizes.OFFLINE, **evidence)
    if undecided:
        because = Because.FILE if any(each.count.unfetched for each in undecided) else Because.LIMIT
        return cant_tell(listed(list(dict.fromkeys(each.why for each in undecided))), because, **evidence)
    return passed(**evidence)


def _held(target: MessageTarget) -> Iterator[_Held]:
    message = target.message
    texts = [
        _Count(what=f"the text on line {text.line}", unit="character", size=len(text.value))
        for text in _texts(message)
    ]
    whole_text = _Count(what="the whole text", unit="character", size=sum(each.size for each in texts))
    subject = _Count(
        what="the subject", unit="character", size=len(message.subject.value) if message.subject else 0
    )
    unseen = sum(slide.unseen for slide in message.slides)
    files = _Count(what="the message", unit="file", size=len(message.media) + unseen)
    yield _against(target, "media-count-max", files)
    parts = [sizes.weigh_file(ref, target.observations.get(ref.url)) for ref in message.media]
    yield _against(target, "message-bytes-max", _sum(parts, [text.value for text in _texts(message)]))
    yield from (_against(target, "slide-text-max", each) for each in texts)
    yield _against(target, "body-length-max", whole_text)
    yield _against(target, "subject-max", subject)
    recipients = message.payload.recipients if message.payload else 0
    yield _against(target, "recipients-max", _Count(what="the message", unit="recipient", size=recipients))
    for ref, part in zip(message.media, parts, strict=True):
        written = _Count(what=f"the URL on line {ref.line}", unit="character", size=len(ref.url))
        yield _against(target, "url-length-max", written)
        yield _file(target, target.observations.get(ref.url), _weighed(part))


def _texts(message: Mms) -> list[Text]:
    return [text for slide in message.slides for text in slide.texts]


_PICTURE, _OTHER = "image-bytes-max", "file-bytes-max"


def _file(target: MessageTarget, seen: Observation | None, counted: _Count) -> _Held:
    """One file against the number for its type; against both where that is not known."""
    shown = shown_type(seen.sniffed) if isinstance(seen, Fetched) else None
    other = _against(target, _OTHER, counted)
    picture = _against(target, _PICTURE, counted)
    picture = picture if picture.numbers else other
    if shown is not None:
        return picture if shown in PICTURES else other
    return msgspec.structs.replace(other, numbers=tuple(dict.fromkeys((*picture.numbers, *other.numbers))))


def _against(target: MessageTarget, name: str, counted: _Count) -> _Held:
    """The count against the numbers of this name: that of the sender's kind, or all where it is not told."""
    provider, payload = target.provider, target.message.payload
    found = [each for each in provider.limits if each.name == name] if provider else []
    kind = target.sender or (sender_type(payload.sender) if payload else None)
    own = [each for each in found if each.sender is kind and kind is not None]
    general = [each for each in found if each.sender is None]
    return _Held(count=counted, numbers=tuple(own or general or (found if kind is None else ())))


def _sum(parts: Sequence[sizes.WeighedPart], texts: Sequence[str]) -> _Count:
    unknown = [part for part in parts if part.unknown]
    return _Count(
        what="the message",
        unit="byte",
        size=sum(part.size for part in parts) + sum(len(each.encode("utf-8", "replace")) for each in texts),
        unknown=listed(list(dict.fromkeys(f"{part.what}: {part.unknown}" for part in unknown)))
        if unknown
        else "",
        unfetched=any(part.unfetched for part in unknown),
        unseen=bool(unknown) and sizes.only_unseen(tuple(parts)),
    )


def _weighed(part: sizes.WeighedPart) -> _Count:
    return _Count(
        what=part.what,
        unit="byte",
        size=part.size,
        unknown=part.unknown,
        unfetched=part.unfetched,
        unseen=part.unseen,
    )


def own_types(target: MediaTarget, _: NoParams) -> Result:
    """The type of the bytes is on the list of the provider, where it has one."""
    provider = target.provider
    if provider is None:
        return inapplicable(_LISTED)
    if not provider.types:
        return inapplicable(f"no whole list of the types that {provider.name} takes could be found")
    actual = proven_type(target.observation)
    if isinstance(actual, Result):
        return actual
    known = {canonical(name.lower()) for name in provider.types}
    if canonical(actual) in known or any(same_type(actual, name) for name in known):
        return passed(actual=actual, provider=provider.name)
    return failed(actual=quoted(actual), provider=provider.name, accepted=", ".join(provider.types))


CHECKS: tuple[Check, ...] = (
    Check(
        name="payload-whole",
        target=TargetKind.MESSAGE,
        run=whole,
        reports=frozenset({"faults", "provider"}),
    ),
    Check(
        name="payload-limits",
        target=TargetKind.MESSAGE,
        run=own_limits,
        reports=frozenset({"provider", "exceeded"}),
    ),
    Check(
        name="payload-types",
        target=TargetKind.MEDIA,
        run=own_types,
        reports=frozenset({"actual", "provider", "accepted"}),
    ),
)
"""What this family offers to rule files."""
