"""RuleSet x Mms x Observations -> evaluations: every rule on every target it is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from mmscheck.base.redact import redact_url
from mmscheck.base.spans import span
from mmscheck.base.url import take_apart
from mmscheck.checks.media_types import kind_of
from mmscheck.judge.causes import with_causes
from mmscheck.judge.evaluation import TargetPlace, evaluate
from mmscheck.judge.shared import Known, SharedMedia, with_page
from mmscheck.model.check import (
    Binding,
    MediaTarget,
    MessageTarget,
    RequestTarget,
    SlideTarget,
)
from mmscheck.model.effective import Effective, effective, with_stand_ins
from mmscheck.model.ledger import NumberStanding
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.provider import Provider
from mmscheck.model.report import SAVE, Evaluation, MessageReport, Pair, SlideReport, TargetKey
from mmscheck.model.request import Changes, SendRequest, SendWindow
from mmscheck.model.rule import Rule, RuleSet
from mmscheck.model.vocabulary import NOTHING, Vocabulary
from mmscheck.model.words import Because, MediaKind, Outcome, SenderType, TargetKind
from mmscheck.servers.recognition import Recognised, describe, recognise


@span("judge")
def judge(
    ruleset: RuleSet,
    message: Mms,
    observations: Mapping[str, Observation],
    *,
    changes: Changes,
    request: SendRequest | None = None,
    binding: Binding | None = None,
    window: SendWindow | None = None,
    columns: tuple[str, ...] | None = None,
    shared: SharedMedia | None = None,
    links: Mapping[str, Observation] | None = None,
    first: bool | None = None,
    standing: NumberStanding | None = None,
) -> MessageReport:
    """Evaluate every rule of the set on every target of one message, in a fixed order.

    By profile save it is judged as it is stored: what its merge tags become, each send is judged for.
    ``shared`` is the one of the run, where it judges several messages: it changes no report. ``links`` is
    what came for links in the texts; None where none was asked for. ``first`` is whether the number of the
    request has had no message before, None where nobody knows; ``standing`` why it is not texted.
    """
    shared = shared or SharedMedia((message,))
    message = _with_kinds(message, observations)
    provider = _other(ruleset, message)
    known = _known(shared, ruleset, message, observations)
    recognised = {url: each.recognised for url, each in known.items()}
    place = partial(
        _places,
        message,
        observations,
        recognised,
        changes,
        request,
        provider=provider,
        sender=_sender(ruleset),
        vocabulary=ruleset.vocabulary,
        links=links,
        first=first,
        standing=standing,
    )
    places = tuple(place(binding=binding, window=window, columns=columns))
    stored = ruleset.profile == SAVE and changes == Changes()
    filled = _filled(ruleset, message, observations) if stored else {}
    alone: list[Evaluation] = []
    rules = _by_target(ruleset.rules)
    for each in places:
        if isinstance(each.target, MediaTarget):
            alone += shared.evaluations(ruleset, message, each, each.target)
            continue
        alone += (
            _as_stored(rule, message, each, filled[each.key])
            if each.key in filled
            else evaluate(rule, message, each)
            for rule in rules[each.key.kind]
        )
    evaluations = with_causes(alone, ruleset.rules, _came(message.media, observations))
    as_sent = effective(message, changes)
    return MessageReport(
        source=message.source,
        digest=message.digest,
        name=message.name.value if message.name else None,
        subject=as_sent.subject,
        targets=tuple(place.key for place in places),
        media=message.media,
        observations={ref.url: observations[ref.url] for ref in message.media if ref.url in observations},
        evaluations=evaluations,
        request_digest=request.digest if request else None,
        servers={url: each.detected for url, each in known.items() if each.recognised.found},
        slides=tuple(_drawn(slide, as_sent) for slide in message.slides),
        excerpts=_excerpts(message, evaluations),
        changed=changes != Changes(),
        document=message.document,
        is_list=message.is_list,
        links=None if links is None else dict(links),
    )


def _filled(
    ruleset: RuleSet, message: Mms, observations: Mapping[str, Observation]
) -> dict[TargetKey, TargetPlace]:
    """Message and slides with a value for each tag that every send gives one; none without such tags."""
    values = with_stand_ins(message)
    if not values.data or message.payload is not None:
        return {}
    places = _places(
        message, observations, {}, values, None, binding=None, window=None, vocabulary=ruleset.vocabulary
    )
    return {place.key: place for place in places if place.key.kind is not TargetKind.MEDIA}


def _as_stored(rule: Rule, message: Mms, place: TargetPlace, filled: TargetPlace) -> Evaluation:
    """The judgement of a text with tags that sends fill: it counts what is written, and not what is open."""
    item = evaluate(rule, message, place)
    if item.outcome.settled or not evaluate(rule, message, filled).outcome.settled:
        return item
    told = f"{rule.title}, as far as it is written: each send is judged with its own merge data."
    return msgspec.structs.replace(item, outcome=Outcome.PASSED, message=told, reason="", evidence={})


def _other(ruleset: RuleSet, message: Mms) -> Provider | None:
    """The other provider that the message is for. Raises ValueError where the rules do not know it."""
    if message.payload is None or not message.payload.provider:
        return None
    named = [each for each in ruleset.others if each.id == message.payload.provider]
    if not named:
        raise ValueError(f"the rules know no provider {message.payload.provider}")
    return named[0]


def _sender(ruleset: RuleSet) -> SenderType | None:
    return next((each for each in SenderType if each.value == ruleset.sender), None)


def _with_kinds(message: Mms, observations: Mapping[str, Observation]) -> Mms:
    """The message with the kinds of files that no field of it tells, as what came shows them."""
    if not any(ref.guessed for ref in message.media):
        return message

    def told(ref: MediaRef) -> MediaRef:
        seen = observations.get(ref.url)
        if not ref.guessed or seen is None:
            return ref
        return msgspec.structs.replace(ref, kind=kind_of(take_apart(ref.url.strip()).path, seen))

    slides = tuple(
        msgspec.structs.replace(slide, media=tuple(map(told, slide.media))) for slide in message.slides
    )
    return msgspec.structs.replace(message, slides=slides)


def _excerpts(message: Mms, evaluations: Iterable[Evaluation]) -> dict[int, str]:
    """The lines of the document that findings name."""
    named = {item.line for item in evaluations if item.is_finding}
    return {line: text for line, text in message.excerpts.items() if line in named}


def _came(
    media: Sequence[MediaRef], observations: Mapping[str, Observation]
) -> dict[TargetKey, Observation | None]:
    """What came for each medium, in the message's order."""
    return {_media_key(ref): observations.get(ref.url) for ref in media}


def _media_key(ref: MediaRef) -> TargetKey:
    return TargetKey(kind=TargetKind.MEDIA, slide=ref.slide, media=ref.index)


def rejudge(
    ruleset: RuleSet,
    message: Mms,
    base: MessageReport,
    *,
    changes: Changes,
    request: SendRequest,
    binding: Binding | None = None,
    window: SendWindow | None = None,
    columns: tuple[str, ...] | None = None,
    first: bool | None = None,
) -> MessageReport:
    """The judgement of this request where ``base`` is one of the same message for another request.

    What ``base`` says of media is taken over, for it depends on no request, what it says of a slide whose
    text is the same, and which rules are for other documents; all the rest is evaluated anew.
    ``ruleset`` is that of ``base``. Raises ValueError when ``base`` is about another document.
    """
    if base.digest != message.digest:
        raise ValueError("the judgement to start from is about another document")
    as_sent = effective(message, changes)
    same = _unchanged(base, message, as_sent)
    known: dict[TargetKey, list[Evaluation]] = {}
    elsewhere: dict[Pair, Evaluation] = {}
    for item in base.evaluations:
        if item.target in same:
            known.setdefault(item.target, []).append(item)
        elif item.because is Because.OTHER_DOCUMENT:
            elsewhere[item.rule, item.target] = item
    rules = _by_target(ruleset.rules)
    evaluations: list[Evaluation] = []
    places = partial(_places, message, base.observations, {}, changes, request)
    texts = partial(places, first=first, vocabulary=ruleset.vocabulary, links=base.links)
    for place in texts(binding=binding, window=window, columns=columns):
        if place.key in same:
            evaluations += known.get(place.key, ())
        else:
            evaluations += [
                elsewhere.get((rule.id, place.key)) or evaluate(rule, message, place)
                for rule in rules[place.key.kind]
            ]
    return msgspec.structs.replace(
        base,
        subject=as_sent.subject,
        evaluations=with_causes(evaluations, ruleset.rules, _came(base.media, base.observations)),
        request_digest=request.digest,
        targets=_with_request(base.targets),
        slides=tuple(_drawn(slide, as_sent) for slide in message.slides),
        excerpts=_excerpts(message, evaluations),
        changed=changes != Changes(),
    )


def _by_target(rules: Iterable[Rule]) -> dict[TargetKind, list[Rule]]:
    """The rules on each kind of target, in their order."""
    found: dict[TargetKind, list[Rule]] = {kind: [] for kind in TargetKind}
    for rule in rules:
        found[rule.target].append(rule)
    return found


def _unchanged(base: MessageReport, message: Mms, as_sent: Effective) -> set[TargetKey]:
    """The targets on which another request changes nothing: media, and slides with the text they had."""
    media = {key for key in base.targets if key.kind is TargetKind.MEDIA}
    if base.source != message.source:
        return media
    slides = {slide.number for slide in base.slides if as_sent.texts.get(slide.number) == slide.text}
    return media | {key for key in base.targets if key.kind is TargetKind.SLIDE and key.slide in slides}


def _with_request(targets: tuple[TargetKey, ...]) -> tuple[TargetKey, ...]:
    key = TargetKey(kind=TargetKind.REQUEST)
    return targets if key in targets else (*targets[:1], key, *targets[1:])


def _drawn(slide: Slide, as_sent: Effective) -> SlideReport:
    return SlideReport(
        number=slide.number,
        line=slide.line,
        text=as_sent.texts[slide.number],
        media=tuple(ref.index for ref in slide.media),
        duration=slide.duration.value if slide.duration else None,
    )


def _known(
    shared: SharedMedia, ruleset: RuleSet, message: Mms, observations: Mapping[str, Observation]
) -> dict[str, Known]:
    """Who answered, by URL, for everything that was observed."""
    urls = dict.fromkeys(ref.url for ref in message.media if ref.url in observations)
    return {url: shared.known(ruleset, url, observations[url]) for url in urls}


def judge_alone(
    ruleset: RuleSet,
    place: str,
    kind: MediaKind,
    observation: Observation,
    window: SendWindow | None = None,
) -> MessageReport:
    """Evaluate the rules about media on one that was given by itself: a local file's path, or a URL.

    The only target is the medium; rules about messages and slides have nothing here to look at.
    """
    ref = MediaRef(url=place, kind=kind, slide=0, index=1, line=0)
    sha256 = getattr(observation, "sha256", "")
    source = place if ref.is_file else redact_url(place)
    holder = Mms(source=source, digest=f"sha256:{sha256}" if sha256 else "")
    known = None if ref.is_file else recognise(ruleset.servers, observation)
    target = _media_place(ref, {place: observation}, window, known)
    target = target if ref.is_file else with_page(target, ruleset)
    alone = [evaluate(rule, holder, target) for rule in ruleset.rules if rule.target is TargetKind.MEDIA]
    return MessageReport(
        source=source,
        digest=holder.digest,
        name=None,
        subject=None,
        targets=(target.key,),
        media=(ref,),
        observations={place: observation},
        evaluations=with_causes(alone, ruleset.rules, {target.key: observation}),
        servers={place: describe(known)} if known is not None and known.found else {},
    )


def _places(
    message: Mms,
    observations: Mapping[str, Observation],
    known: Mapping[str, Recognised],
    changes: Changes,
    request: SendRequest | None,
    *,
    binding: Binding | None,
    window: SendWindow | None,
    columns: tuple[str, ...] | None = None,
    provider: Provider | None = None,
    sender: SenderType | None = None,
    vocabulary: Vocabulary = NOTHING,
    links: Mapping[str, Observation] | None = None,
    first: bool | None = None,
    standing: NumberStanding | None = None,
) -> Iterable[TargetPlace]:
    as_sent = effective(message, changes)
    yield TargetPlace(
        key=TargetKey(kind=TargetKind.MESSAGE),
        target=MessageTarget(
            message=message,
            effective=as_sent,
            changes=changes,
            observations=observations,
            columns=columns,
            beside=() if request is None else request.texts,
            window=window,
            provider=provider,
            sender=sender,
            vocabulary=vocabulary,
            links=links,
        ),
        line=message.problem.line if message.problem else None,
        column=message.problem.column if message.problem else 0,
        pointer=message.problem.pointer if message.problem else "",
        provider=provider,
    )
    if request is not None:
        yield TargetPlace(
            key=TargetKey(kind=TargetKind.REQUEST),
            target=RequestTarget(
                request=request,
                message=message,
                binding=binding,
                first=first,
                standing=standing,
                vocabulary=vocabulary,
            ),
        )
    for slide in message.slides:
        yield _slide_place(message, slide, as_sent, provider)
        for ref in slide.media:
            yield _media_place(ref, observations, window, known.get(ref.url), binding, provider=provider)


def _slide_place(
    message: Mms, slide: Slide, as_sent: Effective, provider: Provider | None = None
) -> TargetPlace:
    return TargetPlace(
        key=TargetKey(kind=TargetKind.SLIDE, slide=slide.number),
        target=SlideTarget(message=message, slide=slide, text=as_sent.texts[slide.number]),
        line=slide.line,
        provider=provider,
        column=slide.column,
        pointer=slide.pointer,
    )


def _media_place(
    ref: MediaRef,
    observations: Mapping[str, Observation],
    window: SendWindow | None = None,
    recognised: Recognised | None = None,
    binding: Binding | None = None,
    *,
    provider: Provider | None = None,
) -> TargetPlace:
    observation = observations.get(ref.url)
    if observation is None:
        observation = NotFetched(url=ref.url, reason=Reason.NOT_LOOKED, detail="no observation was made")
    return TargetPlace(
        key=_media_key(ref),
        target=MediaTarget(
            ref=ref, observation=observation, window=window, binding=binding, provider=provider
        ),
        line=ref.line,
        column=ref.column,
        pointer=ref.pointer,
        url=redact_url(ref.url),
        media_kind=ref.kind.value,
        recognised=recognised,
        provider=provider,
    )
