"""One fault of a web server per row, and the outcome that every http and mime rule is to have for it.

A row says only what differs from `USUAL`, the outcomes of a sound picture on a sound server. Rows run over
real sockets through the whole program. A server of another make is judged by `problems` alone: hand it the
row and the evaluations of one message.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
import trustme

from mmscheck.fetch import patience
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.media import MediaWorkers
from mmscheck.model.report import Evaluation
from mmscheck.model.words import Outcome
from mmscheck.slidexml import parse
from tests.support.rawserver import Respond, policy, serve

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = ("http", "mime")
HOST = "media.example.com"

_USUALLY_PASSED = (
    "media-reachable redirect-safe no-redirect content-length not-chunked content-length-true not-compressed "
    "response-well-formed response-plain length-under-gzip not-compressed-under-gzip response-time "
    "content-type-present content-type-valid content-type-specific media-type-known content-type-matches "
    "content-type-registered media-kind-matches media-type-accepted not-a-web-page file-itself"
)
_USUALLY_NOT_ASKED = (
    "tls-valid tls-lasts length-when-cold stable "
    "media-kind-accepted one-shot-media-advised "
    "media-type-accepted-json payload-types"  # for other documents than slide XML
)
_PASSED, _FAILED, _UNKNOWN, _NONE = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.CANT_TELL,
    Outcome.INAPPLICABLE,
)

USUAL: Mapping[str, Outcome] = MappingProxyType(
    dict.fromkeys(_USUALLY_PASSED.split(), _PASSED) | dict.fromkeys(_USUALLY_NOT_ASKED.split(), _NONE)
)
"""What each rule says of a sound picture, served over http by a sound server that leaves nothing to ask."""


class FaultRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a server sends, and what comes of it.

    ``answer`` is the bytes for every request, or a handler. ``policy`` changes fields of the fetch policy and
    ``window`` the seconds over which the throughput is averaged.
    ``tls`` is the certificate of an https server: good, untrusted, other-host, expired or incomplete.
    ``differs`` is every outcome that is not the usual one; ``says`` words that a rule's message holds.
    """

    name: str
    answer: bytes | Respond
    differs: Mapping[str, Outcome] = {}
    says: Mapping[str, str] = {}
    policy: Mapping[str, Any] = {}
    window: float = patience.WINDOW
    path: str = "/photo.jpg"
    kind: str = "image"
    tls: str = ""


def but(
    base: Mapping[str, Outcome] = MappingProxyType({}),
    *,
    failed: str = "",
    unknown: str = "",
    inapplicable: str = "",
    passed: str = "",
) -> dict[str, Outcome]:
    """``base`` with other outcomes for some rules; each argument is rule ids with spaces between them."""
    said = ((failed, _FAILED), (unknown, _UNKNOWN), (inapplicable, _NONE), (passed, _PASSED))
    return dict(base) | {rule: outcome for rules, outcome in said for rule in rules.split()}


@cache
def rules_judged() -> tuple[str, ...]:
    """Every rule of the families in the profile ``send``."""
    own = {file.stem for family in FAMILIES for file in (ROOT / "rules" / family).glob("*.toml")}
    return tuple(rule.id for rule in load_rules("send").rules if rule.id in own)


def problems(row: FaultRow, evaluations: Iterable[Evaluation]) -> list[str]:
    """How the outcomes of one message with one medium differ from the row, as sentences."""
    got = {item.rule: item for item in evaluations if item.rule in rules_judged()}
    wanted = {**USUAL, **row.differs}
    lost = [f"{rule}: not evaluated" for rule in (*wanted, *row.says) if rule not in got]
    return [*lost, *(line for item in got.values() for line in _differences(row, item, wanted))]


def _differences(row: FaultRow, item: Evaluation, wanted: Mapping[str, Outcome]) -> Iterable[str]:
    if item.rule not in wanted:
        yield f"{item.rule}: {item.outcome}, and neither USUAL nor the row says what it is to be"
    elif item.outcome is not wanted[item.rule] or item.crashed:
        yield f"{item.rule}: expected {wanted[item.rule]}, got {item.outcome}: {item.message}"
    words = row.says.get(item.rule, "")
    if words not in item.message:
        yield f"{item.rule}: expected {words!r} in {item.message!r}"


def judge(rows: Sequence[FaultRow]) -> Mapping[str, tuple[Evaluation, ...]]:
    """The evaluations by row name: every row on a server of its own, all at once."""
    return asyncio.run(_judge(rows))


async def _judge(rows: Sequence[FaultRow]) -> Mapping[str, tuple[Evaluation, ...]]:
    groups: dict[str, list[FaultRow]] = {}
    for row in rows:
        groups.setdefault(repr((sorted(row.policy.items()), row.window)), []).append(row)
    authority = trustme.CA()
    with authority.cert_pem.tempfile() as ca_file:
        async with MediaWorkers() as workers:
            found = [await _judge_group(group, workers, authority, ca_file) for group in groups.values()]
    return {name: evaluations for part in found for name, evaluations in part.items()}


async def _judge_group(
    rows: Sequence[FaultRow], workers: MediaWorkers, authority: trustme.CA, ca_file: str
) -> Mapping[str, tuple[Evaluation, ...]]:
    async with AsyncExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(patience, "WINDOW", rows[0].window)
        contexts = [_context(authority, row.tls) for row in rows]
        servers = [
            await stack.enter_async_context(serve(row.answer, context=context))
            for row, context in zip(rows, contexts, strict=True)
        ]
        urls = [
            server.url(row.path, host=HOST, scheme="https" if row.tls else "http")
            for row, server in zip(rows, servers, strict=True)
        ]
        messages = [parse(_document(url, row.kind), row.name) for row, url in zip(rows, urls, strict=True)]
        how = policy(*servers, ca_file=ca_file, **dict(rows[0].policy))
        report = await check(messages, load_rules("send"), how, workers=workers)
    return {row.name: tuple(message.evaluations) for row, message in zip(rows, report.messages, strict=True)}


def _context(authority: trustme.CA, kind: str) -> ssl.SSLContext | None:
    """A server's certificate of the kind that a row asks for, and nothing for a server without one."""
    if not kind:
        return None
    issuer = trustme.CA() if kind == "untrusted" else authority.create_child_ca()
    end = dt.datetime.now(dt.UTC) - dt.timedelta(days=1) if kind == "expired" else None
    leaf = issuer.issue_cert("other.example" if kind == "other-host" else HOST, not_after=end)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind != "incomplete":
        leaf.configure_cert(context)
        return context
    with leaf.private_key_pem.tempfile() as key, leaf.cert_chain_pems[0].tempfile() as certificate:
        context.load_cert_chain(certificate, key)
    return context


def _document(url: str, kind: str) -> bytes:
    text = (
        "<request><name>sale</name><message-subject>Summer sale</message-subject>"
        f"<slide><{kind}><url>{url}</url></{kind}></slide></request>"
    )
    return text.encode()
