"""Which probes of a large run are asked of a few files in the place of all, and what the report says of it.

Every probe that is asked by default is read by rules that deny, beside the advice that asks for it: a type
that comes and goes with gzip accepted is denied by ``content-type-specific``, which nobody can switch off. So
nothing is left out unless somebody wants it, and nothing on the way to a send.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from mmscheck.base.text import count, enumerated
from mmscheck.base.url import take_apart
from mmscheck.checks import READS_PROBES
from mmscheck.checks.media_types import kind_of
from mmscheck.fetch.sampling import Sampling
from mmscheck.judge.engine import judge_alone
from mmscheck.model.observation import Fetched, Observation, ProbeName
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import Outcome, Severity

LARGE = 100
"""Distinct URLs up to which each is asked in every way (a judgement): three of a kind stand for few by then,
and the requests that are saved are seconds."""

SAMPLED = (
    "Not asked, as three like each were and showed nothing (sample-probes; a send asks for each in every way)"
)
"""What a report says of a run that left probes out."""


def sampled_probes(ruleset: RuleSet) -> frozenset[ProbeName]:
    """The probes that only advice asks for; one that a blocking rule asks for is made for each file."""
    wanted = {severity: _asked_for(ruleset, severity) for severity in Severity}
    return frozenset(wanted[Severity.WARNING] - wanted[Severity.ERROR])


def _asked_for(ruleset: RuleSet, severity: Severity) -> set[ProbeName]:
    rules = (rule for rule in ruleset.rules if rule.severity is severity)
    return {name for rule in rules for name in READS_PROBES.get(rule.check.name, ())}


def sampling(ruleset: RuleSet, urls: int) -> Sampling | None:
    """How a run over so many distinct URLs samples its probes; None where every one is asked."""
    names = sampled_probes(ruleset)
    if urls <= LARGE or not names:
        return None
    return Sampling(names, lambda seen, name: shows(ruleset, seen, name))


def shows(ruleset: RuleSet, seen: Observation, name: ProbeName) -> bool:
    """Whether a probe has to do with any finding: of a rule that asks for it, or of one that heeds it."""
    if not isinstance(seen, Fetched):
        return True
    with_it = _outcomes(ruleset, seen)
    asking = {rule.id for rule in ruleset.rules if name in READS_PROBES.get(rule.check.name, ())}
    if any(not with_it[rule].settled for rule in asking & with_it.keys()):
        return True
    others = tuple(probe for probe in seen.probes if probe.name is not name)
    without = _outcomes(ruleset, replace(seen, probes=others))
    return any(with_it[rule] is not without[rule] for rule in with_it.keys() - asking)


def _outcomes(ruleset: RuleSet, seen: Observation) -> dict[str, Outcome]:
    kind = kind_of(take_apart(seen.url.strip()).path, seen)
    return {item.rule: item.outcome for item in judge_alone(ruleset, seen.url, kind, seen).evaluations}


def about_sampled(observations: Iterable[Observation]) -> tuple[str, ...]:
    """A sentence for the report about probes that were left out; none when there are none."""
    left = Counter(
        name for seen in observations for name in {probe.name for probe in seen.probes if probe.sampled}
    )
    if not left:
        return ()
    told = [f"{count(left[name], 'media file')} {name.value}" for name in ProbeName if name in left]
    return (f"{SAMPLED}: {enumerated(told)}.",)
