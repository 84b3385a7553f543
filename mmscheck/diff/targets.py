"""One message in both runs: every rule on every target, paired and judged by one pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from mmscheck.diff.changes import FindingChange, Kind
from mmscheck.diff.matching import Pair, match_media, match_slides
from mmscheck.model.rule import WELL_FORMED
from mmscheck.model.words import Outcome, Severity, TargetKind
from mmscheck.report.clean import clean_text, clean_url
from mmscheck.report.json_read import ReadEvaluation, ReadMessage


class Side(Struct, frozen=True, kw_only=True):
    """One run's view of one rule on one target.

    ``evaluation`` is None where it was not evaluated; ``target`` says whether the target is there at all.
    """

    evaluation: ReadEvaluation | None
    target: bool
    strict: bool


class Judgement(Struct, frozen=True, kw_only=True):
    """The kind, whether it blocks, and what else is to be said of it, as half a sentence or empty."""

    kind: Kind
    blocking: bool
    note: str = ""


def judge(old: Side, new: Side) -> Judgement | None:
    """What became of it; None where neither run found fault and both looked, or there is nothing to lose.

    Never ``fixed`` unless the new run evaluated it, and it passed.
    """
    if new.evaluation is None:
        return _without_new(old, new)
    match new.evaluation.outcome:
        case Outcome.FAILED:
            return _failed(old, new, new.evaluation)
        case Outcome.CANT_TELL:
            return _open(old, new, new.evaluation)
        case Outcome.PASSED:
            return _well(old, Kind.FIXED, "")
        case Outcome.INAPPLICABLE:
            return _well(old, Kind.ENDED, "the rule does not apply there any more")


def _without_new(old: Side, new: Side) -> Judgement | None:
    if old.evaluation is None or old.evaluation.outcome.settled:
        return None
    if new.target:
        return Judgement(
            kind=Kind.NOT_COMPARED,
            blocking=_guards(old.evaluation, old),
            note="the new run did not evaluate this rule here",
        )
    return Judgement(kind=Kind.ENDED, blocking=False, note="it is not there any more")


def _failed(old: Side, new: Side, found: ReadEvaluation) -> Judgement:
    blocking = _blocks(found, new)
    if found.waived:
        waived = f"let through until {found.waived.expires} by {found.waived.who}"
        same = old.evaluation is not None and old.evaluation.outcome is Outcome.FAILED
        return Judgement(kind=Kind.REMAINS if same else Kind.NEW, blocking=False, note=waived)
    if old.evaluation is None or old.evaluation.outcome is not Outcome.FAILED:
        return Judgement(kind=Kind.NEW, blocking=blocking, note=_unseen(old))
    if blocking and not _blocks(old.evaluation, old):
        note = "was waived before" if old.evaluation.waived else "was advice before, and blocks now"
        return Judgement(kind=Kind.NEW, blocking=True, note=note)
    return Judgement(
        kind=Kind.REMAINS, blocking=blocking, note=_softened(old.evaluation, old, blocking=blocking)
    )


def _open(old: Side, new: Side, found: ReadEvaluation) -> Judgement:
    blocking = _blocks(found, new)
    if old.evaluation is None or old.evaluation.outcome is not Outcome.CANT_TELL:
        return Judgement(kind=Kind.UNDECIDED, blocking=blocking, note=_unseen(old))
    if blocking and not _blocks(old.evaluation, old):
        return Judgement(kind=Kind.UNDECIDED, blocking=True, note="was advice before, and blocks now")
    return Judgement(
        kind=Kind.REMAINS, blocking=blocking, note=_softened(old.evaluation, old, blocking=blocking)
    )


def _well(old: Side, kind: Kind, note: str) -> Judgement | None:
    if old.evaluation is None or old.evaluation.outcome.settled:
        return None
    return Judgement(kind=kind, blocking=False, note=note)


def _unseen(old: Side) -> str:
    if old.evaluation is not None:
        return ""
    return "the old run did not evaluate this rule here" if old.target else "was not there before"


def _softened(before: ReadEvaluation, old: Side, *, blocking: bool) -> str:
    return "blocked before, and is advice now" if _blocks(before, old) and not blocking else ""


def _blocks(item: ReadEvaluation, side: Side) -> bool:
    return item.waived is None and _guards(item, side)


def _guards(item: ReadEvaluation, side: Side) -> bool:
    return side.strict or item.severity is Severity.ERROR


Place = tuple[int, int]
"""One target of a message: the order of its kind, and the number of slide or medium as the new run counts.

0 where there is no number. What is in the old run only has numbers below 0: it must not meet what stands in
its place now. Numbers and not ``TargetKind``: enums are slow to hash, and there are millions.
"""

Key = tuple[str, Place]
"""Rule and target."""

_MESSAGE, _REQUEST, _SLIDE, _MEDIA = range(4)
_ALWAYS: frozenset[Place] = frozenset({(_MESSAGE, 0), (_REQUEST, 0)})

_SETTLED = frozenset({Kind.FIXED, Kind.ENDED})
_BADNESS = {Outcome.INAPPLICABLE: 0, Outcome.PASSED: 1, Outcome.CANT_TELL: 2, Outcome.FAILED: 3}


class Missed(Struct, frozen=True, kw_only=True):
    """How often one run evaluated a rule on targets of both where the other run did not."""

    number: int
    severity: Severity


class Compared(Struct, frozen=True, kw_only=True):
    """What became of one message; ``missed`` is keyed by the run that did evaluate and the rule."""

    changes: tuple[FindingChange, ...]
    missed: dict[tuple[str, str], Missed]
    files_changed: int


class _Places(Struct, frozen=True, kw_only=True):
    """Old numbers of slides and media to new ones."""

    slides: dict[int, int]
    media: dict[int, int]


def compared(pair: Pair, *, old_strict: bool, new_strict: bool) -> Compared:
    """Judge every rule on every target that either run knows, in the order of the new run's evaluations."""
    places = _places(pair)
    before, after = _by_key(pair.old, places, worst=False), _by_key(pair.new, None, worst=True)
    old_targets, new_targets = _targets(pair, places, before, after)
    changes: list[FindingChange] = []
    missed: dict[tuple[str, str], Missed] = {}
    for key in {**after, **before}:
        was, now = before.get(key), after.get(key)
        if was is not None and now is not None and was.outcome is now.outcome is Outcome.PASSED:
            continue
        old = Side(evaluation=was, target=key[1] in old_targets, strict=old_strict)
        new = Side(evaluation=now, target=key[1] in new_targets, strict=new_strict)
        _count_missed(missed, key[0], old, new)
        if judgement := judge(old, new):
            changes.append(_change(pair, judgement, was, now))
    return Compared(changes=tuple(changes), missed=missed, files_changed=_files_changed(pair, places.media))


def _count_missed(missed: dict[tuple[str, str], Missed], rule: str, old: Side, new: Side) -> None:
    if not (old.target and new.target) or (old.evaluation and new.evaluation):
        return
    seen = old.evaluation or new.evaluation
    if seen is None:
        return
    where = ("old" if old.evaluation else "new", rule)
    known = missed.get(where, Missed(number=0, severity=seen.severity))
    # "error" sorts before "warning".
    missed[where] = Missed(number=known.number + 1, severity=min(known.severity, seen.severity))


def _places(pair: Pair) -> _Places:
    if pair.old is None or pair.new is None:
        return _Places(slides={}, media={})
    media = match_media(pair.old.media, pair.new.media)
    slides = match_slides(media, pair.old, pair.new, (_slides(pair.old), _slides(pair.new)))
    return _Places(slides=slides, media=media)


def _targets(
    pair: Pair, places: _Places, before: Iterable[Key], after: Iterable[Key]
) -> tuple[set[Place], set[Place]]:
    """What is there to be judged in both runs. The message is there in both that have it; so is its request.

    A run without a send has no request, yet what was known of it is not known any more.
    """
    old = {place for _, place in before} | _listed(pair.old, places)
    new = {place for _, place in after} | _listed(pair.new, None)
    if pair.old is None or pair.new is None:
        return old, new
    # What cannot be parsed may still hold all that was there.
    return old | _ALWAYS, new | _ALWAYS | (old if _unparsed(pair.new) else set())


def _listed(message: ReadMessage | None, places: _Places | None) -> set[Place]:
    """Slides and media that are there, whether or not anything was evaluated on them."""
    if message is None:
        return set()
    media = range(1, len(message.media) + 1)
    found = {(_MEDIA, number if places is None else places.media.get(number, -number)) for number in media}
    return found | {
        (_SLIDE, number if places is None else places.slides.get(number, -number))
        for number in {item.slide for item in message.media}
    }


def _unparsed(message: ReadMessage) -> bool:
    return any(not item.outcome.settled for item in message.evaluations if item.rule == WELL_FORMED)


def _slides(message: ReadMessage) -> set[int]:
    numbers = {item.slide for item in message.media}
    return numbers | {item.slide for item in message.evaluations if item.slide is not None}


def _place(item: ReadEvaluation, places: _Places | None) -> Place:
    if item.target is TargetKind.MESSAGE:
        return _MESSAGE, 0
    if item.target is TargetKind.REQUEST:
        return _REQUEST, 0
    if item.target is TargetKind.SLIDE:
        number = item.slide or 0
        return _SLIDE, number if places is None else places.slides.get(number, -number)
    number = item.media or 0
    return _MEDIA, number if places is None else places.media.get(number, -number)


def _by_key(message: ReadMessage | None, places: _Places | None, *, worst: bool) -> dict[Key, ReadEvaluation]:
    """The evaluations by what they are about; of doubled ones the worst, or else the best.

    No run of mmscheck doubles one; in a report that does, the comparison must not become kinder by it.
    """
    found: dict[Key, ReadEvaluation] = {}
    for item in message.evaluations if message else ():
        key = (item.rule, _place(item, places))
        known = found.get(key)
        if known is None or (_BADNESS[item.outcome] > _BADNESS[known.outcome]) is worst:
            found[key] = item
    return found


def _files_changed(pair: Pair, media: Mapping[int, int]) -> int:
    if pair.old is None or pair.new is None:
        return 0
    same = 0
    for here, there in media.items():
        digest = pair.old.media[here - 1].observation.sha256
        same += digest is not None and digest == pair.new.media[there - 1].observation.sha256
    return max(len(pair.old.media), len(pair.new.media)) - same


def _change(
    pair: Pair, judgement: Judgement, old: ReadEvaluation | None, new: ReadEvaluation | None
) -> FindingChange:
    item, message = (new, pair.new) if new is not None else (old, pair.old)
    if item is None or message is None:
        raise AssertionError("a judgement is about an evaluation of a message")
    # The words of the old run say what was wrong where the new one has nothing to say.
    words = old if old is not None and judgement.kind in _SETTLED else item
    return FindingChange(
        kind=judgement.kind,
        only="new" if pair.old is None else "old" if pair.new is None else None,
        source=clean_text(message.source),
        rule=clean_text(item.rule),
        severity=item.severity,
        owner=item.owner,
        target=item.target,
        slide=item.slide,
        media=item.media,
        url=_url(message, item.media),
        line=item.line,
        before=old.outcome if old else None,
        after=new.outcome if new else None,
        blocking=judgement.blocking,
        note=clean_text(judgement.note),
        message=clean_text(words.message),
        fix=clean_text(item.fix),
    )


def _url(message: ReadMessage, media: int | None) -> str | None:
    if media is None or not 1 <= media <= len(message.media):
        return None
    return clean_url(message.media[media - 1].url)
