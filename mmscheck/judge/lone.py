"""Media on web servers judged without a message; nothing is ever permitted by it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from mmscheck.cache.reuse import Cache, about_kept
from mmscheck.checks.kinds import kind_of
from mmscheck.fetch import FetchPolicy
from mmscheck.judge.engine import judge_alone
from mmscheck.judge.pipeline import (
    Progress,
    allowances,
    make_report,
    needs_decoding,
    observe,
    start_clock,
    wanted_probes,
    window,
)
from mmscheck.judge.usable import usable
from mmscheck.model.report import MEDIA, Report
from mmscheck.model.request import SendWindow
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import TargetKind


async def check_urls(
    urls: Sequence[str],
    ruleset: RuleSet,
    policy: FetchPolicy,
    *,
    strict: bool = False,
    on_done: Progress | None = None,
    sending: SendWindow | None = None,
    deep: bool = False,
    cache_bust: bool = True,
    cache: Cache | None = None,
    previews: bool = False,
) -> Report:
    """Fetch each URL as the provider would, and judge it by those rules of the set that are about media.

    The options are those of ``pipeline.check``. The report says which rules of the set were left out because
    they need a message.
    """
    clock, about_media = start_clock(), of_media(ruleset)
    distinct = tuple(dict.fromkeys(urls))
    probes = wanted_probes(about_media, deep=deep, cache_bust=cache_bust)
    seen = await observe(
        distinct,
        msgspec.structs.replace(policy, probes=probes),
        on_done,
        decode=needs_decoding(about_media),
        previews=previews,
        cache=cache,
        owners={url: url for url in distinct},
        usable=usable(about_media),
    )
    sent = sending or window()
    return make_report(
        about_media,
        tuple(
            judge_alone(about_media, url, kind_of(path_of(url), seen[url]), seen[url], sent) for url in distinct
        ),
        clock,
        strict=strict,
        unread=(),
        allowances=(
            *allowances(policy),
            *about_kept(seen, dt.datetime.now(dt.UTC)),
            *_left_out(ruleset, about_media),
        ),
    )


def of_media(ruleset: RuleSet) -> RuleSet:
    """The rules of a set that are about media, under a digest of their own: they are no set for sends."""
    rules = tuple(rule for rule in ruleset.rules if rule.target is TargetKind.MEDIA)
    ids = {rule.id for rule in rules}
    digest = hashlib.sha256(f"{MEDIA} of {ruleset.digest}".encode()).hexdigest()
    return msgspec.structs.replace(
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


def path_of(url: str) -> str:
    try:
        return urlsplit(url.strip()).path
    except ValueError:
        return ""
