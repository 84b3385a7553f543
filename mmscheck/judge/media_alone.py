"""Media by themselves, without a message: fetched and judged by the rules that are about media."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from mmscheck.base.url import take_apart
from mmscheck.cache.reuse import about_kept
from mmscheck.checks.media_types import kind_of
from mmscheck.judge.engine import judge_alone
from mmscheck.judge.observe import observe
from mmscheck.judge.pipeline import CheckOptions, window
from mmscheck.judge.reports import allowances, make_report, start_clock
from mmscheck.judge.sampling import about_sampled
from mmscheck.model.report import MEDIA, Report
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import TargetKind


async def check_urls(urls: Sequence[str], ruleset: RuleSet, options: CheckOptions) -> Report:
    """Fetch each URL as the provider would, and judge it by those rules of the set that are about media.

    Nothing is ever permitted by it. The report says which rules of the set were left out because they need a
    message; what ``options`` say of messages and requests is not looked at.
    """
    clock, about_media = start_clock(), of_media(ruleset)
    distinct = tuple(dict.fromkeys(urls))
    owners = {url: url for url in distinct}
    observations = await observe(distinct, options.observing(about_media, owners, distinct), options.on_done)
    sending = options.sending or window()
    return make_report(
        about_media,
        tuple(
            judge_alone(
                about_media, url, kind_of(take_apart(url.strip()).path, observation), observation, sending
            )
            for url, observation in observations.items()
        ),
        clock,
        strict=options.strict,
        unread=(),
        allowances=(
            *allowances(options.policy),
            *about_kept(observations, dt.datetime.now(dt.UTC)),
            *about_sampled(observations.values()),
            *_left_out(ruleset, about_media),
        ),
    )


def of_media(ruleset: RuleSet) -> RuleSet:
    """The rules of a set that are about media, under a digest of their own: they are no set for sends."""
    rules = tuple(rule for rule in ruleset.rules if rule.target is TargetKind.MEDIA)
    ids = {rule.id for rule in rules}
    digest = hashlib.sha256(f"{MEDIA} of {ruleset.digest}".encode()).hexdigest()
    return replace(
        ruleset,
        profile=MEDIA,
        rules=rules,
        digest=f"sha256:{digest}",
        overrides=tuple(each for each in ruleset.overrides if each.rule in ids),
        waivers=tuple(each for each in ruleset.waivers if each.rule in ids),
    )


def _left_out(ruleset: RuleSet, applied: RuleSet) -> Iterator[str]:
    ids = {rule.id for rule in applied.rules}
    if left := [rule.id for rule in ruleset.rules if rule.id not in ids]:
        yield f"Not applied, because they need a message ({len(left)} rules): {', '.join(left)}."
