"""A run of many messages in a few tables: what blocks how many of them, where, and who can fix it.

Counts what the findings say and what the gate decided; it decides nothing. What merely follows from another
finding is not counted beside it, just as it is not told beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from mmscheck.model.report import MessageReport
from mmscheck.model.words import Owner, TargetKind
from mmscheck.report.clean import clean_url
from mmscheck.report.findings import Effect, Finding, Judged, judged, ref_of
from mmscheck.report.run_words import is_lone
from mmscheck.report.view import View

K = TypeVar("K", bound=Hashable)

_AT_THE_FIRST_HOST = frozenset({"no-redirect"})
"""Rules about where the URL leads: what the first host does, and not the one that answered in the end."""


class RuleTally(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule found: in how many messages, at how many distinct media URLs, in how many places.

    ``blocks`` is False for advice. ``media`` is 0 for rules that are not about media.
    """

    rule: str
    blocks: bool
    messages: int
    media: int
    findings: int


class HostTally(msgspec.Struct, frozen=True, kw_only=True):
    """What blocks at one web server and only its hosting can fix.

    ``host`` is the host that answered last (the URL's own where none did), with its port if it names one. It
    blocks ``messages`` of them, ``alone`` of these without any other reason to deny: they would pass if it
    were mended. ``unsure`` of these hold something that could not be looked at yet, so more may come to
    light. ``media`` is distinct URLs, ``rules`` the rules, most messages first.
    """

    host: str
    messages: int
    alone: int
    unsure: int
    media: int
    rules: tuple[str, ...]


class OwnerTally(msgspec.Struct, frozen=True, kw_only=True):
    """What one owner can fix; None where that is not clear.

    ``messages`` are blocked by it, ``alone`` of them by nobody else's; ``findings`` are the places.
    """

    owner: Owner | None
    messages: int
    alone: int
    findings: int


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of one run; ``passed`` is permitted, or for lint passed offline.

    Rules that block stand before advice, then most messages first; hosts by those they alone block, then by
    all they block; owners in their own order, the unclear last. Messages that the gate denies without a
    finding are in ``denied`` alone. ``unit`` is what is counted: a ``file`` where there are no messages.
    """

    messages: int
    passed: int
    denied: int
    rules: tuple[RuleTally, ...] = ()
    hosts: tuple[HostTally, ...] = ()
    owners: tuple[OwnerTally, ...] = ()
    unit: str = "message"


def rollup(view: View) -> Rollup:
    """The tables of a view."""
    return rolled(judged(view))


def rolled(every: Iterable[Judged]) -> Rollup:
    """The tables of messages whose findings somebody has in hand already; one walk over them."""
    tables = RollupTables()
    for one in every:
        tables.add(one)
    return tables.rolled()


class _Tally:
    """The counts of one row while they grow."""

    def __init__(self) -> None:
        self.messages = self.alone = self.unsure = self.findings = 0
        self.media: set[str] = set()
        self.rules: dict[str, int] = defaultdict(int)

    def add(self, found: Iterable[Finding]) -> None:
        """One message with these findings."""
        self.messages += 1
        for each in found:
            self.findings += 1
            if each.first.url:
                self.media.add(each.first.url)
            for blocking, rule in _rules(each):
                if blocking:
                    self.rules[rule] += 1


class RollupTables:
    """Counts message by message."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._all = self._passed = self._lone = 0
        self._rules: dict[tuple[bool, str], _Tally] = defaultdict(_Tally)
        self._hosts: dict[str, _Tally] = defaultdict(_Tally)
        self._owners: dict[Owner | None, _Tally] = defaultdict(_Tally)

    def add(self, one: Judged) -> None:
        """Count one message; what is waived is no longer anybody's to fix."""
        self._all += 1
        self._lone += is_lone(one.message)
        self._passed += one.verdict.passed
        for key, some in _by(one.standing, _rules).items():
            self._rules[key].add(some)
        explained = not one.verdict.untold
        hosts = _by(one.blocking, lambda each: [host_of(one.message, each)])
        for host, some in hosts.items():
            if host is not None:
                _count(self._hosts[host], some, alone=explained and len(hosts) == 1)
        owners = _by(one.blocking, lambda each: [each.owner])
        for owner, some in owners.items():
            _count(self._owners[owner], some, alone=explained and len(owners) == 1)

    def rolled(self) -> Rollup:
        """The tables as they stand."""
        return Rollup(
            messages=self._all,
            passed=self._passed,
            denied=self._all - self._passed,
            unit="file" if self._all and self._lone == self._all else "message",
            rules=tuple(sorted(map(_rule_row, self._rules.items()), key=_rule_order)),
            hosts=tuple(sorted(map(_host_row, self._hosts.items()), key=_host_order)),
            owners=tuple(
                _owner_row(owner, self._owners[owner]) for owner in (*Owner, None) if owner in self._owners
            ),
        )


def _count(tally: _Tally, some: Sequence[Finding], *, alone: bool) -> None:
    tally.add(some)
    tally.alone += alone
    tally.unsure += alone and any(each.undecided or not each.failed for each in some)


def host_of(message: MessageReport, each: Finding) -> str | None:
    """The web server at which hosting can fix it; None when that is not where the fix is."""
    if each.owner is not Owner.HOSTING or each.target.kind is not TargetKind.MEDIA:
        return None
    ref = ref_of(message, each.target)
    if ref is None:
        return None
    seen = message.observations.get(ref.url)
    last = seen.final if seen is not None and each.first.rule not in _AT_THE_FIRST_HOST else None
    return _host(last.url if last is not None else ref.url)


def _host(url: str) -> str | None:
    try:
        return urlsplit(clean_url(url)).netloc.lower() or None
    except ValueError:
        return None


def _rules(each: Finding) -> list[tuple[bool, str]]:
    """The rules that speak for a finding: its lead's, or all of those that one reason left undecided.

    Each says whether it blocks: of those left undecided together only some may. Where advice leads, what
    blocks is what follows from it.
    """
    own = [each.lead] if each.lead else list(each.items)
    guards = each.guards if each.effect is not Effect.WAIVED else ()
    if not any(item in guards for item in own):
        own += guards
    return list(dict.fromkeys((item in guards, item.rule) for item in own))


def _by(found: Iterable[Finding], keys: Callable[[Finding], Iterable[K]]) -> dict[K, list[Finding]]:
    groups: dict[K, list[Finding]] = defaultdict(list)
    for each in found:
        for key in keys(each):
            groups[key].append(each)
    return groups


def _rule_row(row: tuple[tuple[bool, str], _Tally]) -> RuleTally:
    (blocking, rule), tally = row
    return RuleTally(
        rule=rule,
        blocks=blocking,
        messages=tally.messages,
        media=len(tally.media),
        findings=tally.findings,
    )


def _rule_order(row: RuleTally) -> tuple[bool, int, str]:
    return not row.blocks, -row.messages, row.rule


def _host_row(row: tuple[str, _Tally]) -> HostTally:
    host, tally = row
    return HostTally(
        host=host,
        messages=tally.messages,
        alone=tally.alone,
        unsure=tally.unsure,
        media=len(tally.media),
        rules=tuple(sorted(tally.rules, key=lambda rule: (-tally.rules[rule], rule))),
    )


def _host_order(row: HostTally) -> tuple[int, int, str]:
    return -row.alone, -row.messages, row.host


def _owner_row(owner: Owner | None, tally: _Tally) -> OwnerTally:
    return OwnerTally(owner=owner, messages=tally.messages, alone=tally.alone, findings=tally.findings)
