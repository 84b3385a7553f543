"""Media references and observations, made by hand for tests of single checks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from mmscheck.checks import CHECKS
from mmscheck.model.check import MediaTarget, Result
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Hop, NotFetched, Observation, Reason, Sniffed, Timing, Witness
from mmscheck.model.request import SendWindow
from mmscheck.model.rule import Rule
from mmscheck.model.words import MediaKind
from mmscheck.ruleset import load_ruleset

URL = "http://media.example.com/sale/photo.jpg"
PUBLIC = ("203.0.113.7",)
"""A documentation address, standing for one that was looked up and let through."""

Headers = tuple[tuple[str, str], ...]
LENGTH: Headers = (("Content-Length", "3"),)
JPEG: Headers = (("Content-Type", "image/jpeg"), *LENGTH)


def hop(url: str = URL, status: int | None = 200, headers: Headers = JPEG, **fields: Any) -> Hop:
    """One request that was answered."""
    return Hop(url=url, status=status, headers=headers, **{"resolved": PUBLIC, **fields})


def sniffed(type_: str | None = "image/jpeg", witness: str | None = "libmagic", **fields: Any) -> Sniffed:
    """Bytes whose type one witness named."""
    asked = (Witness(name=witness or "libmagic", type=type_),)
    return Sniffed(type=type_, witness=witness if type_ else None, witnesses=asked, **fields)


def fetched(headers: Headers = JPEG, *hops: Hop, size: int = 3, **fields: Any) -> Fetched:
    """A file that came whole, over these hops when any are given."""
    return Fetched(
        url=URL,
        hops=hops or (hop(headers=headers),),
        size=size,
        sha256="0" * 64,
        timing_ms=Timing(first_byte=1, total=2),
        sniffed=fields.pop("sniffed", sniffed()),
        **fields,
    )


def not_fetched(reason: Reason, *hops: Hop, **fields: Any) -> NotFetched:
    """No whole file, and how far it got."""
    return NotFetched(url=URL, reason=reason, hops=hops, **fields)


@cache
def send_rules() -> Mapping[str, Rule]:
    """The rules of the send profile by id."""
    ruleset = load_ruleset(checks=CHECKS, profile="send", sender=None, config=None)
    return {rule.id: rule for rule in ruleset.rules}


def judge(
    rule: str,
    observation: Observation,
    kind: MediaKind = MediaKind.IMAGE,
    url: str = URL,
    window: SendWindow | None = None,
) -> Result:
    """What the check of a rule of the send profile answers, with that rule's own parameters."""
    chosen = send_rules()[rule]
    result = chosen.check.run(
        MediaTarget(
            ref=MediaRef(url=url, kind=kind, slide=1, index=1, line=1), observation=observation, window=window
        ),
        chosen.params,
    )
    assert CHECKS[chosen.check.name] is chosen.check
    if result.outcome.value == "failed":
        assert result.wording.keys() == chosen.check.reports
    return result
