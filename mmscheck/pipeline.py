"""The one place that joins the parts: messages in, a report out, and a send that needs a permit."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Protocol, Self

import msgspec

from mmscheck import gate
from mmscheck.checks import CHECKS
from mmscheck.engine import judge
from mmscheck.errors import DeniedError, PermitError
from mmscheck.fetch import FetchPolicy, fetch_all
from mmscheck.media import MediaWorkers
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Observation
from mmscheck.model.report import Report, RuleKey
from mmscheck.model.request import Changes, SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.model.send import SendResult
from mmscheck.model.verdict import Permit
from mmscheck.model.words import SenderType
from mmscheck.ruleset import Config, load_ruleset
from mmscheck.slidexml import parse

Progress = Callable[[str, Observation], None]
"""Called with each URL as soon as its observation is there."""


def load_rules(
    profile: str | None = None, *, sender: SenderType | None = None, config: Config | None = None
) -> RuleSet:
    """The packaged rules selected by a profile and shaped by a configuration; raises RuleSetError.

    Without a profile the configuration's counts, and without that ``send``.
    """
    return load_ruleset(checks=CHECKS, profile=profile, sender=sender, config=config)


async def observe(
    urls: Sequence[str],
    policy: FetchPolicy,
    on_done: Progress | None = None,
    workers: MediaWorkers | None = None,
) -> dict[str, Observation]:
    """Fetch every distinct URL once, all at the same time, and have workers look at the bytes.

    ``workers`` that are already running are used and left running; otherwise some are started for this call.
    """
    distinct = tuple(dict.fromkeys(urls))
    if workers is not None or not distinct:
        return await fetch_all(distinct, policy, (workers or MediaWorkers()).sniff, on_done)
    async with MediaWorkers() as own:
        return await fetch_all(distinct, policy, own.sniff, on_done)


async def check(
    messages: Sequence[Mms],
    ruleset: RuleSet,
    policy: FetchPolicy,
    *,
    changes: Changes | None = None,
    request: SendRequest | None = None,
    strict: bool = False,
    unread: tuple[str, ...] = (),
    on_done: Progress | None = None,
    workers: MediaWorkers | None = None,
) -> Report:
    """Check messages as they would be sent with these changes.

    With a ``request`` the rules on its fields apply too, and its own changes are used. ``unread`` are
    sentences about inputs that could not be read: they deny.
    """
    started, clock = dt.datetime.now(dt.UTC), time.monotonic()
    applied = request.changes if request else changes or Changes()
    seen = await observe([ref.url for message in messages for ref in message.media], policy, on_done, workers)
    return Report(
        tool_version=version("mmscheck"),
        ruleset_digest=ruleset.digest,
        profile=ruleset.profile,
        rules=tuple(
            RuleKey(id=rule.id, severity=rule.severity, target=rule.target) for rule in ruleset.rules
        ),
        overrides=tuple(msgspec.to_builtins(override) for override in ruleset.overrides),
        started=started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        messages=tuple(
            judge(ruleset, message, seen, changes=applied, request=request) for message in messages
        ),
        duration_ms=round((time.monotonic() - clock) * 1000),
        strict=strict,
        unread=unread,
    )


class Client(Protocol):
    """What makes the one call; ``mmscheck.SinchClient`` is one."""

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        """Redeem the permit, then make one POST."""


class Gate:
    """The gate for a publishing pipeline: ``async with Gate(...) as gate``, then check, then send.

    One gate serves many messages; its worker processes start once. It may be used by several tasks at a time.
    """

    def __init__(
        self,
        *,
        client: Client,
        policy: FetchPolicy | None = None,
        ruleset: RuleSet | None = None,
        strict: bool = False,
    ) -> None:
        """Take the provider's client, how to fetch, and the rules (default: profile ``send``)."""
        self._client = client
        self._policy = policy or FetchPolicy()
        self._ruleset = ruleset or load_rules()
        self._strict = strict
        self._workers = MediaWorkers()
        self._requests: dict[str, SendRequest] = {}

    async def __aenter__(self) -> Self:
        """Start the worker processes."""
        await self._workers.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop them."""
        await self._workers.__aexit__(*failure)

    async def check(self, document: bytes, request: SendRequest, *, source: str = "<document>") -> Permit:
        """Check slide XML as this request would send it; DeniedError carries the report that denies."""
        message = parse(document, source)
        report = await check(
            [message],
            self._ruleset,
            self._policy,
            request=request,
            strict=self._strict,
            workers=self._workers,
        )
        verdict = gate.verdict(report)
        if not verdict.permitted:
            reasons = [*verdict.reasons, *(reason for item in verdict.messages for reason in item.reasons)]
            raise DeniedError("; ".join(reasons), report=report, verdict=verdict)
        permit = gate.permit(report, request, time.time())
        self._requests[permit.request_digest] = request
        return permit

    async def send(self, permit: Permit) -> SendResult:
        """Make the one ``sendSavedMMS`` call this permit is for.

        Raises PermitError when the permit is spent, has expired or came from another gate; whatever the
        provider or the network does is a SendResult.
        """
        request = self._requests.get(permit.request_digest)
        if request is None:
            raise PermitError("this permit came from another gate")
        return await gate.guarded_send(permit, request, self._client.send_saved_mms)
