"""Reports as a whole: when a run began, what was judged in it, what was let pass, and several runs as one."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from mmscheck.base.version import VERSION
from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy, default_user_agent, parse_proxy
from mmscheck.media import ISOLATED, offered
from mmscheck.model.observation import Fetched
from mmscheck.model.report import MessageReport, Report, RuleKey
from mmscheck.model.rule import RuleSet
from mmscheck.model.series import changed, heads_of, joined
from mmscheck.model.words import Severity

T = TypeVar("T")


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """When a run began: the time of day, and seconds of a clock that nobody sets."""

    started: dt.datetime
    ticks: float


def start_clock() -> Clock:
    """Begin a run."""
    return Clock(started=dt.datetime.now(dt.UTC), ticks=time.monotonic())


def make_report(
    ruleset: RuleSet,
    messages: Sequence[MessageReport],
    clock: Clock,
    *,
    strict: bool,
    unread: tuple[str, ...],
    allowances: tuple[str, ...] = (),
    not_checked: tuple[str, ...] = (),
    left_out: int = 0,
) -> Report:
    """What was judged and by which rules, as one report that ends now."""
    return Report(
        tool_version=VERSION,
        ruleset_digest=ruleset.digest,
        profile=ruleset.profile,
        rules=tuple(
            RuleKey(id=rule.id, severity=rule.severity, target=rule.target, title=rule.title)
            for rule in ruleset.rules
        ),
        overrides=tuple(msgspec.to_builtins(override) for override in ruleset.overrides),
        started=clock.started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        messages=messages,
        duration_ms=round((time.monotonic() - clock.ticks) * 1000),
        strict=strict,
        unread=unread,
        allowances=(*allowances, *_unconfined(messages)),
        waivers=ruleset.waivers,
        not_checked=not_checked,
        left_out=left_out,
        configuration=ruleset.configuration,
        confinement=offered(),
    )


def _unconfined(messages: Sequence[MessageReport]) -> Iterator[str]:
    """What keeps workers in elsewhere and not here, if they were needed."""
    opened = any(
        isinstance(seen, Fetched) for each in heads_of(messages) for seen in each.observations.values()
    )
    if opened and (missing := [name for name in ISOLATED if name not in offered()]):
        yield (
            f"Media were opened in processes without {' and '.join(missing)}, which this system does not"
            " offer; --require-confinement checks nothing on such a system."
        )


def allowances(policy: FetchPolicy) -> tuple[str, ...]:
    """What this policy shows that the provider may not see: nobody may overlook it in a report."""
    return (
        *(f"Media may live in the network {net} (allow-net)." for net in policy.allow_net),
        *(
            f"Connections for {item.host or 'any host'}:{item.port or 'any port'} went to"
            f" {item.to_host}:{item.to_port} (connect-to)."
            for item in policy.connect_to
        ),
        *_on_our_side(policy),
    )


def _on_our_side(policy: FetchPolicy) -> Iterator[str]:
    if policy.ca_file is not None:
        yield (
            f"Certificates of the authorities in {policy.ca_file} were trusted as well (ca-file);"
            " the provider does not know them."
        )
    if policy.user_agent != default_user_agent():
        name = repr(policy.user_agent)
        yield f"Requests called themselves {name} (user-agent); others may be answered otherwise."
    if (proxy := parse_proxy(policy.proxy)) is not None:
        yield (
            f"Requests went through the proxy {proxy.text}: which addresses it reaches is guarded by it,"
            " not by mmscheck."
        )


def join_reports(parts: Sequence[Report]) -> Report:
    """One report of at least one; where only one has messages, that with what the others could not read.

    Raises UsageError for parts of different profiles: they ask different questions.
    """
    if len(parts) == 1:
        return parts[0]
    if len(profiles := sorted({part.profile for part in parts})) > 1:
        raise UsageError(f"the inputs lie under different profiles ({', '.join(profiles)}); give --profile")
    strict = all(part.strict for part in parts)
    parts = [part if strict or not part.strict else _hardened(part) for part in parts]
    full = [part for part in parts if part.messages]
    first, *others = full or parts
    whole = replace(
        first,
        unread=_once(sentence for part in parts for sentence in part.unread),
        allowances=_once(sentence for part in parts for sentence in part.allowances),
        not_checked=tuple(source for part in parts for source in part.not_checked),
        left_out=sum(part.left_out for part in parts),
        duration_ms=sum(part.duration_ms for part in parts),
    )
    if not others:
        return whole
    digests = "\n".join(sorted({part.ruleset_digest for part in full}))
    return replace(
        whole,
        ruleset_digest=f"sha256:{hashlib.sha256(digests.encode()).hexdigest()}",
        rules=_rules(full),
        overrides=tuple({str(each): each for part in full for each in part.overrides}.values()),
        messages=joined([part.messages for part in full]),
        strict=strict,
        waivers=tuple(waiver for part in full for waiver in part.waivers),
        configuration=", ".join(_once(part.configuration for part in full if part.configuration)) or None,
        parts=tuple(replace(part, unread=(), not_checked=()) for part in full),
    )


def _hardened(part: Report) -> Report:
    """A strict part as errors all over, so that others beside it need not be strict."""
    note = f"Strict: warning rules block like errors for what lies under {part.configuration}."
    return replace(
        part,
        strict=False,
        rules=tuple(replace(rule, severity=Severity.ERROR) for rule in part.rules),
        messages=changed(part.messages, _all_errors),
        allowances=(*part.allowances, note),
    )


def _all_errors(message: MessageReport) -> MessageReport:
    evaluations = tuple(replace(item, severity=Severity.ERROR) for item in message.evaluations)
    return replace(message, evaluations=evaluations)


def _rules(parts: Sequence[Report]) -> tuple[RuleKey, ...]:
    """Every rule of any part, as the first that has it has it, and as an error where one does."""
    found: dict[str, RuleKey] = {}
    for part in parts:
        for rule in part.rules:
            if rule.id not in found or rule.severity is Severity.ERROR:
                found[rule.id] = rule
    return tuple(found.values())


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
