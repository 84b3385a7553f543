"""A medium that many messages refer to is judged once, and no report shows that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from mmscheck.checks import CHECKS
from mmscheck.judge.engine import judge
from mmscheck.judge.observe import ObserveOptions, observe
from mmscheck.judge.pipeline import load_rules
from mmscheck.judge.shared import SharedMedia
from mmscheck.model.check import Binding, MediaTarget, Result
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason
from mmscheck.model.report import MessageReport
from mmscheck.model.request import Changes, SendRequest, SendWindow
from mmscheck.model.rule import Rule, RuleSet
from mmscheck.model.words import MediaKind, TargetKind
from mmscheck.sandbox import Sandbox
from tests.fuzz.response_promises import try_answers
from tests.fuzz.responses import answer
from tests.support.campaigns import reaching
from tests.support.media_targets import fetched, not_fetched, send_rules

NOW = SendWindow(opens=1e9, closes=2e9)
MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
MEDIA_HOST = "http://media.example.com"


async def everything_seen(random: Random) -> dict[str, Observation]:
    """What really came for every file of the fixtures, and for responses of the fuzzer, by URL."""
    names = sorted(file.name for file in MEDIA.iterdir())
    urls = [f"{MEDIA_HOST}/{name}" for name in (*names, "not-there.png")]
    async with Sandbox() as box:
        seen = dict(await observe(urls, ObserveOptions(policy=reaching(box))))
    for probing in (False, True):
        tried = await try_answers([answer(random) for _ in range(40)], probing=probing, patience=0.5)
        seen |= {each.observation.url: each.observation for each in tried}
    return seen


def messages(random: Random, urls: list[str], number: int) -> list[Mms]:
    """Messages that refer to few media in many places, and to some of them twice."""
    found = []
    for at in range(number):
        chosen = random.choices(urls, k=random.randint(0, 6))
        kinds = random.choices(list(MediaKind), weights=(6, 1, 1, 1, 1, 1, 1), k=len(chosen))
        slides = tuple(
            Slide(
                number=index,
                line=10 * index,
                media=(MediaRef(url=url, kind=kind, slide=index, index=index, line=random.randint(1, 99)),),
            )
            for index, (url, kind) in enumerate(zip(chosen, kinds, strict=True), start=1)
        )
        found.append(Mms(source=f"{at}.xml", digest=f"sha256:{at}", slides=slides))
    return found


def both(
    rules: RuleSet, given: list[Mms], seen: Mapping[str, Observation], **more: Any
) -> tuple[list[MessageReport], list[MessageReport]]:
    """The reports with every reference judged by itself, and with each medium judged once."""
    shared = SharedMedia(given)
    alone = [judge(rules, each, seen, changes=Changes(), shared=SharedMedia(()), **more) for each in given]
    return alone, [judge(rules, each, seen, changes=Changes(), shared=shared, **more) for each in given]


async def test_reports_are_the_same_with_and_without_sharing() -> None:
    random = Random(15)
    seen = await everything_seen(random)
    # Or it would say nothing: files of several kinds came whole, others did not come, for several reasons.
    assert len({each.sniffed.type for each in seen.values() if isinstance(each, Fetched)}) > 8
    assert len({each.reason for each in seen.values() if isinstance(each, NotFetched)}) > 3
    given = messages(random, [*seen, "http://media.example.com/unseen.jpg", "no URL"], 120)
    binding = Binding(mms_id="1", content="sha256:0", state="ready", media=(("http://a/b", "sha256:0"),))
    for more in ({"window": NOW}, {"window": NOW, "binding": binding, "request": SendRequest(mms_id="1")}):
        alone, together = both(load_rules(), given, seen, **more)
        assert together == alone
        assert msgspec.json.encode(together) == msgspec.json.encode(alone)


def photos(*places: tuple[str, MediaKind, int]) -> list[Mms]:
    """A message for each URL, kind and line."""
    return [
        Mms(
            source=f"{at}.xml",
            digest="sha256:0",
            slides=(
                Slide(
                    number=at,
                    line=1,
                    media=(MediaRef(url=url, kind=kind, slide=at, index=1, line=line),),
                ),
            ),
        )
        for at, (url, kind, line) in enumerate(places, start=1)
    ]


def counting(rule: Rule, asked: Counter[str], **changed: Any) -> RuleSet:
    """A set of one rule whose check notes each URL that it judges."""

    def run(target: MediaTarget, params: Any) -> Result:
        asked[target.ref.url] += 1
        return rule.check.run(target, params)

    check = msgspec.structs.replace(rule.check, run=run, **changed)
    return RuleSet(profile="send", rules=(msgspec.structs.replace(rule, check=check),), digest="", sender="")


IMAGE, AUDIO = MediaKind.IMAGE, MediaKind.AUDIO
A, B = "http://a.example/1.jpg", "http://b.example/1.jpg"
SIX = photos((A, IMAGE, 5), (B, IMAGE, 6), (A, IMAGE, 7), (A, AUDIO, 8), (A, IMAGE, 9), (A, AUDIO, 3))


def test_each_medium_is_judged_once_for_each_kind_of_element() -> None:
    asked: Counter[str] = Counter()
    rules = counting(send_rules()["not-chunked"], asked)
    shared = SharedMedia(SIX)
    seen: dict[str, Observation] = {A: fetched(), B: fetched()}
    reports = [judge(rules, each, seen, changes=Changes(), shared=shared) for each in SIX]
    assert asked == {A: 2, B: 1}
    assert [item.line for report in reports for item in report.evaluations] == [5, 6, 7, 8, 9, 3]
    assert [item.target.slide for report in reports for item in report.evaluations] == [1, 2, 3, 4, 5, 6]


def test_nothing_is_kept_beyond_the_last_reference() -> None:
    asked: Counter[str] = Counter()
    rules = counting(send_rules()["not-chunked"], asked)
    shared = SharedMedia(SIX)
    seen: dict[str, Observation] = {A: fetched(), B: fetched()}
    for _ in range(2):
        for each in SIX:
            judge(rules, each, seen, changes=Changes(), shared=shared)
    # The second time each is one that nobody has announced.
    assert asked == {A: 2 + 5, B: 2}


@pytest.mark.parametrize(
    "change",
    [
        lambda given: given | {"observations": {A: not_fetched(Reason.TIMED_OUT)}},
        lambda given: given | {"window": SendWindow(opens=0.0, closes=1.0)},
        lambda given: given | {"binding": Binding(mms_id="1", content=None, state="ready")},
        lambda given: given | {"ruleset": msgspec.structs.replace(given["ruleset"], profile="mine")},
    ],
)
def test_whatever_a_judgement_depends_on_makes_a_new_one(change: Callable[[Any], Any]) -> None:
    asked: Counter[str] = Counter()
    rules = counting(send_rules()["not-chunked"], asked)
    first, second = photos((A, IMAGE, 5), (A, IMAGE, 7))
    shared = SharedMedia((first, second))
    given: dict[str, Any] = {"ruleset": rules, "observations": {A: fetched()}, "window": NOW}
    judge(message=first, changes=Changes(), shared=shared, **given)
    judge(message=second, changes=Changes(), shared=shared, **change(given))
    assert asked == {A: 2}


def test_what_looks_at_the_place_or_names_it_is_asked_each_time() -> None:
    rule = send_rules()["not-chunked"]
    seen: dict[str, Observation] = {A: fetched((("Transfer-Encoding", "chunked"),))}
    given = photos((A, IMAGE, 5), (A, IMAGE, 7))
    placed: Counter[str] = Counter()
    both(counting(rule, placed, placed=True), given, seen)
    assert placed == {A: 4}
    named = msgspec.structs.replace(rule, text=msgspec.structs.replace(rule.text, failed="{source}:{line}"))
    alone, together = both(counting(named, Counter()), given, seen)
    assert [item.message for each in together for item in each.evaluations] == ["1.xml:5", "2.xml:7"]
    assert together == alone


class Nowhere:
    """A reference that stands nowhere: whoever asks where fails."""

    url, kind, is_alone, is_file = A, IMAGE, False, False


@pytest.mark.parametrize(
    "name", [each.name for each in CHECKS.values() if each.target is TargetKind.MEDIA and not each.placed]
)
def test_no_check_looks_at_the_place_but_those_that_say_so(name: str) -> None:
    check = CHECKS[name]
    params = next((rule.params for rule in load_rules().rules if rule.check.name == name), None)
    if params is None:
        params = next((r.params for r in load_rules("lint").rules if r.check.name == name), check.params)
    for seen in (fetched(), not_fetched(Reason.TIMED_OUT), fetched((("Transfer-Encoding", "chunked"),))):
        ref: Any = Nowhere()
        assert check.run(MediaTarget(ref=ref, observation=seen), params).outcome
