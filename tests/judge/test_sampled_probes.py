"""``--sample-probes``: three files stand for those like them, and all are asked once one shows something."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mmscheck.cache.store import worth_keeping
from mmscheck.fetch.sampling import NOT_ASKED, SAMPLE, Sample, likeness
from mmscheck.judge.gate import verdict
from mmscheck.judge.media_alone import check_urls
from mmscheck.judge.pipeline import CheckOptions, check_messages, load_rules
from mmscheck.judge.reports import join_reports
from mmscheck.judge.sampling import LARGE, sampled_probes, shows
from mmscheck.model.observation import Fetched, Observation, Probe, ProbeName, Reason
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import Because, Outcome, Severity
from mmscheck.slidexml import parse
from tests.support.media_targets import JPEG, LENGTH, fetched, hop
from tests.support.rawserver import RawServer, policy, response, serve

BODY = (Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg").read_bytes()
URLS = LARGE + 10
TYPE = "Content-Type: image/jpeg"


def light(ruleset: RuleSet | None = None) -> RuleSet:
    """The rules about answers alone, so that nothing needs to be decoded."""
    every = ruleset or load_rules("send")
    folder = Path(__file__).parents[2] / "rules"
    ids = {file.stem for family in ("http", "mime") for file in (folder / family).glob("*.toml")}
    return replace(every, rules=tuple(rule for rule in every.rules if rule.id in ids))


def answering(under_gzip: Callable[[bytes], bytes], headers: tuple[str, ...] = (TYPE,)) -> Any:
    """A server of one picture; what accepts gzip is answered by its head."""

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"Accept-Encoding: gzip" not in head:
            writer.write(response(BODY, *headers))
        elif answer := under_gzip(head):
            writer.write(answer)
        else:
            writer.close()

    return respond


def sound(_head: bytes) -> bytes:
    return response(BODY, TYPE)


def urls(raw: RawServer, *hosts: str) -> list[str]:
    return [raw.url(f"/{n}.jpg", host=hosts[n % len(hosts)]) for n in range(URLS)]


def under_gzip(raw: RawServer) -> Counter[str]:
    """How many files of each host were asked for with gzip accepted."""
    heads = [head.decode() for head in raw.requests if b"Accept-Encoding: gzip" in head]
    asked = {(head.partition("Host: ")[2].partition(":")[0], head.split(" ")[1]) for head in heads}
    return Counter(host for host, _ in asked)


def check(raw: RawServer, places: list[str], ruleset: RuleSet, **options: Any) -> Any:
    how = CheckOptions(policy=policy(raw), **{"sample_probes": True, **options})
    return check_urls(places, ruleset, how)


def outcomes(report: Report, rule: str) -> Counter[Outcome]:
    return Counter(item.outcome for item in report.evaluations if item.rule == rule)


async def test_three_of_each_host_are_asked_and_the_others_are_never_said_to_have_passed() -> None:
    async with serve(answering(sound)) as raw:
        report = await check(raw, urls(raw, "a.example.com", "b.example.com"), light())
    assert under_gzip(raw) == {"a.example.com": SAMPLE, "b.example.com": SAMPLE}
    for rule in ("length-under-gzip", "not-compressed-under-gzip"):
        assert outcomes(report, rule) == {Outcome.PASSED: 2 * SAMPLE, Outcome.CANT_TELL: URLS - 2 * SAMPLE}
    left = [item for item in report.evaluations if item.outcome is Outcome.CANT_TELL]
    assert {item.because for item in left} == {Because.SAMPLED}
    assert {item.rule for item in left} == {"length-under-gzip", "not-compressed-under-gzip", "stable"}
    assert {(item.reason, item.is_finding, item.severity) for item in left} == {
        (NOT_ASKED, False, Severity.WARNING)
    }
    seen = [one.observations[ref.url] for one in report.messages for ref in one.media]
    skipped = [probe.skipped for each in seen for probe in each.probes if probe.sampled]
    assert skipped == [NOT_ASKED] * (URLS - 2 * SAMPLE)
    assert any(f"{URLS - 2 * SAMPLE} media files accepting gzip" in told for told in report.allowances)


async def test_what_was_left_out_denies_whoever_takes_advice_for_errors() -> None:
    async with serve(answering(sound)) as raw:
        report = await check(raw, urls(raw, "a.example.com"), light())
    for hard in (replace(report, strict=True), join_reports([replace(report, strict=True), report])):
        reasons = [reason for one in verdict(hard).messages for reason in one.reasons]
        told = sum(reason.startswith("length-under-gzip") for reason in reasons)
        assert told >= URLS - SAMPLE


def test_who_cannot_tell_has_every_file_asked() -> None:
    def broken(_seen: Observation, _name: ProbeName) -> bool:
        raise ValueError

    sample = Sample(ProbeName.GZIP, broken)
    for _ in range(SAMPLE):
        sample.add(fetched(JPEG))
    assert asyncio.run(sample.shows())


async def test_without_the_option_every_file_is_asked() -> None:
    async with serve(answering(sound)) as raw:
        report = await check(raw, urls(raw, "a.example.com"), light(), sample_probes=False)
    assert under_gzip(raw) == {"a.example.com": URLS}
    assert outcomes(report, "length-under-gzip") == {Outcome.PASSED: URLS}
    assert not any("sample-probes" in told for told in report.allowances)


@pytest.mark.parametrize(
    ("answer", "rule", "outcome"),
    [
        (lambda _: response(BODY, TYPE, length=None), "length-under-gzip", Outcome.FAILED),
        (lambda _: response(BODY), "content-type-present", Outcome.FAILED),
        (lambda _: b"", "length-under-gzip", Outcome.CANT_TELL),
    ],
    ids=["advice", "what denies", "no answer"],
)
async def test_all_of_a_host_are_asked_as_soon_as_one_of_the_three_shows_something(
    answer: Callable[[bytes], bytes], rule: str, outcome: Outcome
) -> None:
    def one_host(head: bytes) -> bytes:
        return answer(head) if b"Host: odd" in head else sound(head)

    async with serve(answering(one_host)) as raw:
        report = await check(raw, urls(raw, "odd.example.com", "even.example.com"), light())
    assert under_gzip(raw) == {"odd.example.com": URLS // 2, "even.example.com": SAMPLE}
    assert outcomes(report, rule)[outcome] >= URLS // 2


async def test_one_of_the_three_is_enough() -> None:
    count = 0

    def third(head: bytes) -> bytes:
        nonlocal count
        count += 1
        return response(BODY, TYPE, length=None) if count == SAMPLE else sound(head)

    async with serve(answering(third)) as raw:
        await check(raw, urls(raw, "a.example.com"), light())
    assert under_gzip(raw) == {"a.example.com": URLS}


async def test_a_probe_that_a_blocking_rule_asks_for_is_made_for_every_file() -> None:
    rules = light()
    hard = replace(
        rules,
        rules=tuple(
            replace(rule, severity=Severity.ERROR) if rule.id == "not-compressed-under-gzip" else rule
            for rule in rules.rules
        ),
    )
    assert ProbeName.GZIP in sampled_probes(rules)
    assert ProbeName.GZIP not in sampled_probes(hard)
    async with serve(answering(sound)) as raw:
        await check(raw, urls(raw, "a.example.com"), hard)
    assert under_gzip(raw) == {"a.example.com": URLS}


@pytest.mark.parametrize("why", ["deep", "strict", "request", "few", "one message"])
def test_what_decides_a_send_or_is_small_is_never_sampled(why: str) -> None:
    rules = load_rules("send")
    places = [f"http://a.example.com/{n}.jpg" for n in range(LARGE if why == "few" else URLS)]
    how = CheckOptions(policy=policy(), sample_probes=True)
    owners = {url: url for url in places}
    assert how.observing(rules, owners, [*places, "http://a.example.com/more.jpg"]).sampling is not None
    if why in {"deep", "strict"}:
        how = replace(how, **{why: True})
    if why == "request":
        how = replace(how, request=SendRequest(mms_id="1", to="15551230000", from_="15551230001"))
    if why == "one message":
        owners = dict.fromkeys(places, "sale.xml")
    assert how.observing(rules, owners, places).sampling is None


async def test_messages_share_one_sample_and_are_permitted_as_before() -> None:
    def message(n: int, raw: RawServer) -> Any:
        slides = "".join(
            f"<slide><image><url>{raw.url(f'/{n}-{m}.jpg')}</url></image></slide>" for m in range(8)
        )
        text = f"<request><name>m</name><message-subject>Sale</message-subject>{slides}</request>"
        return parse(text.encode(), f"{n}.xml")

    async with serve(answering(sound)) as raw:
        messages = [message(n, raw) for n in range(LARGE // 8 + 1)]
        how = CheckOptions(policy=policy(raw), sample_probes=True)
        report = await check_messages(messages, load_rules("send"), how)
    assert under_gzip(raw) == {"media.example.com": SAMPLE}
    assert verdict(report).permitted


def test_every_probe_asked_by_default_is_read_by_rules_that_deny() -> None:
    """Why sampling is never done unasked: no probe of these profiles is for advice alone."""
    cached = ("Age", "100")
    first = fetched((*JPEG, *LENGTH, cached))
    for profile in ("send", "save"):
        rules = load_rules(profile)
        assert sampled_probes(rules) >= {ProbeName.GZIP, ProbeName.COLD}
        for name in (ProbeName.GZIP, ProbeName.COLD):
            untyped = Probe(name=name, hops=(hop(headers=(*LENGTH, cached)),))
            guards = [rule for rule in rules.rules if rule.severity is Severity.ERROR]
            only = replace(rules, rules=tuple(guards))
            assert shows(only, replace(first, probes=(untyped,)), name), name


def test_files_of_another_size_class_type_or_program_are_not_like_it() -> None:
    def like(size: int, *headers: tuple[str, str], name: ProbeName = ProbeName.GZIP) -> object:
        return likeness((hop(headers=headers),), size, name)

    jpeg = ("Content-Type", "image/jpeg")
    assert like(10, jpeg) == like(64 * 1024, ("content-type", "IMAGE/JPEG; q=1"))
    others = [
        like(64 * 1024 + 1, jpeg),
        like(10, ("Content-Type", "image/png")),
        like(10, jpeg, ("Server", "other")),
        like(10, jpeg, name=ProbeName.COLD),
        like(10, jpeg, ("Age", "9"), name=ProbeName.COLD),
    ]
    assert like(10, jpeg) not in others
    assert len(set(map(str, others))) == len(others)


async def test_who_waits_for_three_that_never_answer_is_told_of_the_deadline() -> None:
    release = asyncio.Event()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"Accept-Encoding: gzip" in head:
            await release.wait()
            writer.close()
        else:
            writer.write(response(BODY, TYPE))

    async with serve(respond) as raw:
        how = CheckOptions(policy=policy(raw, deadline=3.0, per_host=64), sample_probes=True)
        report = await check_urls(urls(raw, "a.example.com"), light(), how)
        release.set()
    seen = [one.observations[ref.url] for one in report.messages for ref in one.media]
    assert not any(probe.sampled for each in seen for probe in each.probes)
    ends = {probe.reason for each in seen for probe in each.probes if probe.name is ProbeName.GZIP}
    assert ends == {Reason.DEADLINE}
    assert under_gzip(raw) == {"a.example.com": SAMPLE}
    assert {*outcomes(report, "length-under-gzip")} == {Outcome.CANT_TELL}


def test_what_other_files_stood_in_for_is_not_kept() -> None:
    def kept(**left: Any) -> bool:
        seen: Observation = fetched(JPEG, probes=(Probe(name=ProbeName.GZIP, skipped="why", **left),))
        assert isinstance(seen, Fetched)
        return worth_keeping(seen)

    assert kept()
    assert not kept(sampled=True)
