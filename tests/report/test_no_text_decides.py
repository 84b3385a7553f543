"""Sentences may be improved: with every one of them replaced by nonsense, whatever is decided stays as it is.

The same reports are told with all sentences as they are and as nonsense of which no two are alike, so that
nothing can go by what a sentence says, nor by two of them being equal.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace

from mmscheck.checks import CHECKS
from mmscheck.judge.engine import judge
from mmscheck.judge.gate import verdict
from mmscheck.judge.reports import make_report, start_clock
from mmscheck.model.facts import Undecoded
from mmscheck.model.mms import MediaRef, Mms, Slide, Text, XmlProblem
from mmscheck.model.observation import NotFetched, Observation, Probe, ProbeName, Reason, Sniffed
from mmscheck.model.report import Evaluation, Report
from mmscheck.model.request import Changes
from mmscheck.model.rule import LEADERS, RuleSet, Wording
from mmscheck.model.words import Because, MediaKind
from mmscheck.report import FORMATS, View
from mmscheck.report.findings import judged
from mmscheck.report.rollup import rollup
from mmscheck.ruleset import load_ruleset
from tests.support.folded_reports import folded
from tests.support.many_reports import many
from tests.support.reports import SAMPLES, fetched

RULES = load_ruleset(checks=CHECKS)


def failing(url: str) -> dict[str, Observation]:
    """What can come of a medium, by a word for it: every reason why no file came, and every lost worker."""
    seen: dict[str, Observation] = {
        reason.name: NotFetched(url=url, reason=reason, detail=f"detail of {reason.name}")
        for reason in Reason
    }
    for lost in (Because.TIME, Because.CPU_TIME, Because.MEMORY, Because.WORKER_DIED):
        died = Undecoded(expected="image", reason=f"it was lost: {lost}", contained=True, lost=lost)
        seen[f"decoder {lost}"] = fetched(url, decoded=died)
        sniffed = Sniffed(type=None, problem=f"lost: {lost}", lost=lost)
        seen[f"sniffer {lost}"] = fetched(url, sniffed=sniffed, decoded=None)
    seen["looked at by nobody"] = fetched(url, sniffed=Sniffed(type=None, problem="too many"), decoded=None)
    seen["of no type"] = fetched(url, sniffed=Sniffed(type=None, witness=None), decoded=None)
    seen["named only"] = fetched(url, sniffed=Sniffed(type="image/jpeg", witness="extension"), decoded=None)
    seen["refused"] = fetched(url, decoded=Undecoded(expected="image", reason="it is cut off"))
    seen["a page"] = fetched(url, content_type="text/html", sniffed=Sniffed(type="text/html", web_page=True))
    skipped = Probe(name=ProbeName.GZIP, reason=Reason.RESET, detail="it broke off")
    seen["without an answer to gzip"] = fetched(url, probes=(skipped,))
    return seen


def message(source: str, *urls: str, subject: str) -> Mms:
    slides = tuple(
        Slide(
            number=at,
            line=at,
            media=(MediaRef(url=url, kind=MediaKind.IMAGE, slide=at, index=at, line=at),),
        )
        for at, url in enumerate(urls, 1)
    )
    title = Text(value=subject, line=2)
    return Mms(source=source, digest="sha256:0", name=title, subject=title, slides=slides)


def messages() -> Iterator[tuple[Mms, dict[str, Observation]]]:
    """A message for everything that can come of a medium, beside a sound one, and some of their own."""
    sound = "http://media.example.com/sound.jpg"
    for at, name in enumerate(failing("")):
        url = f"http://media.example.com/{at}.jpg"
        seen = {url: failing(url)[name], sound: fetched(sound)}
        yield message(f"{at}.xml", url, sound, subject="Sale"), seen
    lost = [f"http://{name}.example.com/file" for name in ("one", "two", "three")]
    gone: dict[str, Observation] = {
        url: NotFetched(url=url, reason=Reason.TLS_CERTIFICATE, detail="it ended") for url in lost
    }
    yield message("gone.xml", *lost, subject="Gr\u00f6\u00dfe \u2600"), gone
    yield message("tags.xml", sound, subject="Sale {$name}"), {sound: fetched(sound)}
    no_xml = XmlProblem(reason="a tag is not closed", line=3)
    yield Mms(source="bare.xml", digest="sha256:0", problem=no_xml), {}


def checked(rules: RuleSet, reword: Callable[[Observation], Observation]) -> Report:
    judgements = [
        judge(rules, each, {url: reword(one) for url, one in seen.items()}, changes=Changes())
        for each, seen in messages()
    ]
    return make_report(rules, tuple(judgements), start_clock(), strict=False, unread=("locked.xml: denied",))


NONSENSE = (f"Zx{number}q, mumble {number} fnord." for number in count())


def nonsense(text: str) -> str:
    """Other words for these, which nothing else has; nothing for nothing."""
    return next(NONSENSE) if text else text


def reworded(seen: Observation) -> Observation:
    """What came, with every sentence of it in other words; what a server said stays."""
    probes = tuple(
        replace(each, detail=nonsense(each.detail), skipped=nonsense(each.skipped)) for each in seen.probes
    )
    if isinstance(seen, NotFetched):
        return replace(seen, detail=nonsense(seen.detail), probes=probes)
    decoded, sniffed = seen.decoded, seen.sniffed
    if isinstance(decoded, Undecoded):
        decoded = replace(decoded, reason=nonsense(decoded.reason))
    if sniffed.problem:
        sniffed = replace(sniffed, problem=nonsense(sniffed.problem))
    return replace(seen, decoded=decoded, sniffed=sniffed, probes=probes)


def other_rules() -> RuleSet:
    """The rules with other words; a template without placeholders is one."""
    rules = (
        replace(
            rule,
            title=nonsense(rule.title),
            text=Wording(why=nonsense("w"), fix=nonsense("f"), failed=nonsense("x"), cant_tell=nonsense("y")),
        )
        for rule in RULES.rules
    )
    return replace(RULES, rules=tuple(rules))


def rewritten(run: Report) -> Report:
    """The report with every sentence of every evaluation, and about the run, in other words."""
    return replace(
        run,
        unread=tuple(map(nonsense, run.unread)),
        allowances=tuple(map(nonsense, run.allowances)),
        rules=tuple(replace(rule, title=nonsense(rule.title)) for rule in run.rules),
        messages=tuple(
            replace(
                each,
                evaluations=tuple(map(_evaluation, each.evaluations)),
                observations={url: reworded(seen) for url, seen in each.observations.items()},
            )
            for each in run.messages
        ),
    )


def _evaluation(item: Evaluation) -> Evaluation:
    advice = tuple(replace(each, words=nonsense(each.words)) for each in item.advice)
    general = nonsense(item.general)
    fix = "\n".join([general, *(f"For {each}" for each in advice)]) if advice else nonsense(item.fix)
    words = {name: nonsense(getattr(item, name)) for name in ("message", "reason", "why")}
    return replace(item, **words, fix=fix, general=general, advice=advice)


def decided(item: Evaluation) -> tuple[Any, ...]:
    """All of an evaluation that is no sentence, and no evidence that holds one."""
    keys = item.rule, item.target, item.severity, item.outcome, item.owner, item.provider_codes
    return (*keys, item.because, item.causes, item.crashed, [each.name for each in item.advice])


def told(view: View) -> dict[str, Any]:
    """What a view comes to in every format, without a sentence: verdicts, groups, effects, numbers."""
    gate = view.verdict
    groups = [
        (
            one.message.source,
            one.verdict.permitted,
            one.verdict.undecided,
            [
                (
                    [(item.rule, item.target) for item in each.items],
                    len(each.follows),
                    each.effect,
                    each.owner,
                )
                for each in one.found
            ],
            len(one.verdict.reasons),
            len(one.verdict.untold),
        )
        for one in judged(view)
    ]
    run = (gate.permitted, gate.exit_code, len(gate.reasons), len(gate.untold))
    return {"run": run, "groups": groups, "rollup": rollup(view), **_formats(view)}


def _formats(view: View) -> dict[str, Any]:
    written = {name: render(view) for name, render in FORMATS.items()}
    document, (log,) = json.loads(written["json"]), json.loads(written["sarif"])["runs"]
    rows = csv.DictReader(io.StringIO(written["csv"], newline=""))
    cases = etree.fromstring(written["junit"].encode()).iter("testcase")
    return {
        "text": re.findall(r"^ *\[\d+\] [^:]+: [\w -]+", written["text"], re.MULTILINE),
        "json": [
            (each["number"], each["rule"], each["effect"], each["follows"])
            for one in document["messages"]
            for each in one["findings"]
        ],
        "sarif": [(each["ruleId"], each["level"], each["kind"]) for each in log["results"]],
        "csv": [(row["rule"], row["outcome"], row["effect"], row["follows"]) for row in rows],
        "junit": [(each.get("name"), [inner.get("type") for inner in each]) for each in cases],
        "gitlab": [(each["check_name"], each["severity"]) for each in json.loads(written["gitlab"])],
        "github": re.findall(r"^::\w+ |^(?:error|warning|notice): ", written["github"], re.MULTILINE),
        "markdown": _listed(written["markdown"]),
        # Findings with the same words stand in one card, which says how many they are.
        "html": sum(map(int, re.findall(r'data-count="(\d+)"', written["html"]))),
    }


def _listed(markdown: str) -> int:
    """Findings of the tables, with those for which the page, which is cut, has no room."""
    more = re.findall(r"\*\*And ([\d,]+) more findings?\*\*", markdown)
    return len(re.findall(r"^\| \d+ \| [A-Z]", markdown, re.MULTILINE)) + sum(
        int(each.replace(",", "")) for each in more
    )


def test_outcomes_and_causes_are_the_same_in_other_words() -> None:
    plain, other = checked(RULES, lambda seen: seen), checked(other_rules(), reworded)
    for one, another in zip(plain.messages, other.messages, strict=True):
        pairs = zip(one.evaluations, another.evaluations, strict=True)
        assert [a for a, b in pairs if decided(a) != decided(b)] == [], one.source
    assert told(View(report=plain, verdict=verdict(plain))) == told(
        View(report=other, verdict=verdict(other))
    )


SEVERAL = {**SAMPLES, "folded": folded(), "many": many(chunked_ones=9, subjects=2, advised=4)}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", SEVERAL)
def test_a_report_comes_to_the_same_in_other_words(name: str, *, strict: bool) -> None:
    run = replace(SEVERAL[name].report, strict=strict)
    plain = View(report=run, verdict=verdict(run))
    other = rewritten(run)
    assert told(plain) == told(View(report=other, verdict=verdict(other)))


def test_the_samples_hold_every_cause_that_a_report_can_tell() -> None:
    run = checked(RULES, lambda seen: seen)
    because = {item.because for item in run.evaluations if item.is_finding}
    assert because >= {*LEADERS, Because.TAGS, Because.UNPROVEN_TYPE, Because.TIME, Because.NOT_DECODABLE}
    assert sum(bool(item.causes) for item in run.evaluations) > 100
