"""Media that several messages refer to: each is judged once in a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from string import Formatter
from typing import TypeVar

import msgspec

from mmscheck.judge.evaluation import TargetPlace, evaluate, moved
from mmscheck.model.check import MediaTarget
from mmscheck.model.mms import MediaRef, Mms
from mmscheck.model.observation import Observation
from mmscheck.model.report import Evaluation
from mmscheck.model.rule import Rule, RuleSet, Wording
from mmscheck.model.server import Detected
from mmscheck.model.words import Document, MediaKind, TargetKind
from mmscheck.servers.recognition import Recognised, describe, page_at, recognise

_OF_THE_PLACE = frozenset({"source", "slide", "line"})
"""Placeholders of a rule's texts that another reference to the same medium fills otherwise."""

_Key = tuple[str, MediaKind, bool]

_T = TypeVar("_T")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Who answered for one URL, and in words."""

    recognised: Recognised
    detected: Detected


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One medium, judged; ``rules`` are those about media, each with whether it looks at the place."""

    ruleset: RuleSet
    documents: frozenset[Document]
    target: MediaTarget
    rules: tuple[tuple[Rule, bool], ...]
    evaluations: tuple[Evaluation, ...]
    page: tuple[str, str]

    def holds_for(self, ruleset: RuleSet, message: Mms, target: MediaTarget) -> bool:
        """Whether all that it depends on, beside its key, is the same.

        Observations are held to be the same object: to compare two takes as long as to judge one.
        """
        before = self.target
        return (
            self.ruleset is ruleset
            and self.documents == message.may_be
            and before.provider is target.provider
            and before.observation is target.observation
            and before.window == target.window
            and before.binding == target.binding
        )


class SharedMedia:
    """What was judged of media that these messages refer to more than once, up to the last reference.

    Whoever judges several messages makes one for them, for a run or for a part of one, and keeps it no
    longer. A judgement is used again where URL, slide element, what came back, time of the send, binding,
    kind of document and rules are the same: two references then differ in nothing but where they stand, which
    is put in. Rules whose check looks at that, or whose words name it, are evaluated for each reference.
    """

    def __init__(self, messages: Iterable[Mms]) -> None:
        """Count who refers to what."""
        self._references: Counter[_Key] = Counter()
        self._naming: Counter[str] = Counter()
        for message in messages:
            self._references.update(map(_key, message.media))
            self._naming.update({ref.url for ref in message.media})
        self._judged: dict[_Key, _Judged] = {}
        self._known: dict[str, tuple[RuleSet, Known]] = {}

    def known(self, ruleset: RuleSet, url: str, observation: Observation) -> Known:
        """Who answered for the URL; to be asked once for each message that names it."""
        kept = self._known.get(url)
        if kept is not None and kept[0] is ruleset and kept[1].recognised.observation is observation:
            found = kept[1]
        else:
            recognised = recognise(ruleset.servers, observation)
            found = Known(recognised=recognised, detected=describe(recognised))
        if _another(self._naming, url):
            self._known[url] = (ruleset, found)
        else:
            self._known.pop(url, None)
        return found

    def evaluations(
        self, ruleset: RuleSet, message: Mms, place: TargetPlace, target: MediaTarget
    ) -> tuple[Evaluation, ...]:
        """Every rule about media on this one, in the order of the rules; ``target`` is that of ``place``."""
        key = _key(target.ref)
        kept = self._judged.get(key)
        if kept is not None and kept.holds_for(ruleset, message, target):
            found = tuple(
                evaluate(rule, message, _leading_to(place, target, kept.page))
                if placed
                else moved(item, place)
                for (rule, placed), item in zip(kept.rules, kept.evaluations, strict=True)
            )
        else:
            kept = _judged(ruleset, message, place, target)
            found = kept.evaluations
        if _another(self._references, key):
            self._judged[key] = kept
        else:
            self._judged.pop(key, None)
        return found


def with_page(place: TargetPlace, ruleset: RuleSet) -> TargetPlace:
    """A medium's place with what its URL is known to lead to."""
    if not isinstance(place.target, MediaTarget):
        return place
    return _leading_to(place, place.target, page_at(ruleset.servers, place.target.ref.url))


def _leading_to(place: TargetPlace, target: MediaTarget, page: tuple[str, str]) -> TargetPlace:
    return msgspec.structs.replace(place, target=msgspec.structs.replace(target, page=page))


def _judged(ruleset: RuleSet, message: Mms, place: TargetPlace, target: MediaTarget) -> _Judged:
    page = page_at(ruleset.servers, target.ref.url)
    place = _leading_to(place, target, page)
    rules = tuple((rule, _is_placed(rule)) for rule in ruleset.rules if rule.target is TargetKind.MEDIA)
    evaluations = tuple(evaluate(rule, message, place) for rule, _ in rules)
    return _Judged(
        ruleset=ruleset,
        documents=message.may_be,
        target=target,
        rules=rules,
        evaluations=evaluations,
        page=page,
    )


def _key(ref: MediaRef) -> _Key:
    return ref.url, ref.kind, ref.is_alone


def _another(left: Counter[_T], key: _T) -> bool:
    """Take one off; whether another is to come."""
    left[key] -= 1
    if left[key] > 0:
        return True
    del left[key]
    return False


def _is_placed(rule: Rule) -> bool:
    """Whether check or words look at where a reference stands."""
    return rule.check.placed or _names_place(rule.text)


@lru_cache(maxsize=1024)
def _names_place(text: Wording) -> bool:
    parts = (*Formatter().parse(text.failed), *Formatter().parse(text.cant_tell))
    return any((name or "").partition(".")[0].partition("[")[0] in _OF_THE_PLACE for _, name, _, _ in parts)
