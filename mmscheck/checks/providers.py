"""Whether other providers would take the message: their limits on files, bytes and characters.

They count bytes as the files have them, before packing, and the text of all slides as one body. A file
that two slides name counts twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mmscheck.base.text import count, listed
from mmscheck.checks import merge_tags, sizes
from mmscheck.checks.evidence import shown_type
from mmscheck.checks.sizes import Published
from mmscheck.model.check import Check, MessageTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched
from mmscheck.model.words import Because, Outcome, TargetKind

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif"})
"""Types of files that providers give a number of their own."""

_WORST = (Outcome.PASSED, Outcome.CANT_TELL, Outcome.FAILED)


class ProviderLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each provider at hand takes at most; one that publishes no such number is not in the array.

    ``image_bytes`` is for JPEG, PNG and GIF files, ``file_bytes`` for others, and for those too where a
    provider has no ``image_bytes``.
    """

    media_count: tuple[Published, ...] = ()
    message_bytes: tuple[Published, ...] = ()
    image_bytes: tuple[Published, ...] = ()
    file_bytes: tuple[Published, ...] = ()
    body_length: tuple[Published, ...] = ()
    slide_text: tuple[Published, ...] = ()
    subject: tuple[Published, ...] = ()


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """Something counted: what, how much at least, and why that may be too little, a phrase for each thing."""

    what: str
    unit: str
    """In the singular."""
    size: int
    unknown: tuple[str, ...] = ()
    unfetched: bool = False
    """A file did not come."""


class PartyFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's number held against what was counted."""

    party: Published
    measure: Measure
    outcome: Outcome

    @property
    def rank(self) -> tuple[int, int]:
        """Worse and larger ones sort after others."""
        return _WORST.index(self.outcome), self.measure.size

    @property
    def words(self) -> str:
        """Who is exceeded by what, and where the number stands."""
        seen, party = self.measure, self.party
        at_least = "at least " if seen.unknown else ""
        return (
            f"{party.name} takes {count(party.maximum, seen.unit)}, and {seen.what} has "
            f"{at_least}{seen.size:,} ({party.source})"
        )

    @property
    def evidence(self) -> dict[str, Any]:
        """The number as JSON values, for the evidence."""
        seen, party = self.measure, self.party
        return {
            "provider": party.name,
            "what": seen.what,
            "unit": seen.unit,
            "seen": seen.size,
            "at_least": bool(seen.unknown),
            "maximum": party.maximum,
            "outcome": self.outcome.value,
            "source": party.source,
        }


def fits_providers(target: MessageTarget, params: ProviderLimits) -> Result:
    """The message keeps to every number of every provider at hand; exactly the number is fine."""
    findings = tuple(_findings(target, params))
    if not findings:
        return inapplicable("no other provider was named")
    evidence = {"limits": [finding.evidence for finding in findings]}
    exceeded = [finding.words for finding in findings if finding.outcome is Outcome.FAILED]
    if exceeded:
        return failed(evidence, exceeded=listed(exceeded))
    unknown = list(dict.fromkeys(phrase for finding in findings for phrase in finding.measure.unknown))
    if sizes.only_unseen(sizes.weigh(target)) and not merge_tags.unknown(target.effective.subject or ""):
        return inapplicable(sizes.OFFLINE, **evidence)
    if unknown:
        unfetched = any(finding.measure.unfetched for finding in findings)
        return cant_tell(listed(unknown), Because.FILE if unfetched else None, **evidence)
    return passed(**evidence)


def _findings(target: MessageTarget, params: ProviderLimits) -> Iterable[PartyFinding]:
    texts = [_characters(f"the text of slide {n}", text) for n, text in target.effective.texts.items()]
    subject = [_characters("the subject", target.effective.subject or "")]
    files = Measure(what="the message", unit="file", size=len(target.message.media))
    whole = _sum("the message", "byte", [_measured(part) for part in sizes.weigh(target)])
    yield from _each(params.media_count, [files])
    yield from _each(params.message_bytes, [whole])
    yield from _files(target, params)
    yield from _each(params.body_length, [_sum("the whole text", "character", texts)])
    yield from _each(params.slide_text, texts)
    yield from _each(params.subject, subject)


def _each(parties: Sequence[Published], measures: Sequence[Measure]) -> Iterable[PartyFinding]:
    """For each party the worst of the measures; a message of many slides makes no long report."""
    for party in parties:
        found = [_held(party, measure, party.maximum, party.maximum) for measure in measures]
        if found:
            yield max(found, key=lambda finding: finding.rank)


def _files(target: MessageTarget, params: ProviderLimits) -> Iterable[PartyFinding]:
    """For each party the worst of the files, each held to the number for its type."""
    images = {party.name: party for party in params.image_bytes}
    for party in params.file_bytes:
        image = images.get(party.name, party)
        found = [_file(target, ref, party, image) for ref in target.message.media]
        if found:
            yield max(found, key=lambda finding: finding.rank)


def _file(target: MessageTarget, ref: MediaRef, other: Published, image: Published) -> PartyFinding:
    observation = target.observations.get(ref.url)
    shown = shown_type(observation.sniffed) if isinstance(observation, Fetched) else None
    measure = _measured(sizes.weigh_file(ref, observation))
    if shown is not None:
        party = image if shown in PICTURES else other
        return _held(party, measure, party.maximum, party.maximum)
    low, high = sorted((other, image), key=lambda party: party.maximum)
    if not measure.unknown and low.maximum < measure.size <= high.maximum:
        phrase = f"{measure.what}: its type is not known, and the number differs by type"
        measure = msgspec.structs.replace(measure, unknown=(phrase,))
    return _held(high, measure, low.maximum, high.maximum)


def _held(party: Published, measure: Measure, surely: int, at_most: int) -> PartyFinding:
    if measure.size > at_most:
        outcome = Outcome.FAILED
    elif measure.unknown or measure.size > surely:
        outcome = Outcome.CANT_TELL
    else:
        outcome = Outcome.PASSED
    return PartyFinding(party=party, measure=measure, outcome=outcome)


def _measured(part: sizes.WeighedPart) -> Measure:
    unknown = _phrase(part.what, part.unknown)
    return Measure(what=part.what, unit="byte", size=part.size, unknown=unknown, unfetched=part.unfetched)


def _characters(what: str, text: str) -> Measure:
    unknown = _phrase(what, merge_tags.unknown(text))
    return Measure(what=what, unit="character", size=len(merge_tags.certain(text)), unknown=unknown)


def _sum(what: str, unit: str, measures: Sequence[Measure]) -> Measure:
    unknown = tuple(phrase for each in measures for phrase in each.unknown)
    size, unfetched = sum(each.size for each in measures), any(each.unfetched for each in measures)
    return Measure(what=what, unit=unit, size=size, unknown=unknown, unfetched=unfetched)


def _phrase(what: str, unknown: str) -> tuple[str, ...]:
    return (f"{what}: {unknown}",) if unknown else ()


CHECKS: tuple[Check, ...] = (
    Check(
        name="fits-providers",
        target=TargetKind.MESSAGE,
        run=fits_providers,
        params=ProviderLimits,
        reports=frozenset({"exceeded"}),
    ),
)
"""What this family offers to rule files."""
