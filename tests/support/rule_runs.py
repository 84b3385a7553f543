"""Rule fixtures, run: whole messages through the real program, against a web on loopback.

Cases that share sender, changes and request go through one call together; all share the workers.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.lint.offline import lint
from mmscheck.media import MediaWorkers
from mmscheck.model.report import Evaluation
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset import Config
from tests.support.rule_cases import ROOT, Case, Expect, Page, RuleCase
from tests.support.web import HOME, Web

_NUMERIC = re.compile(r"https?://(?:\[([0-9a-f:.]+)\]|([0-9.]+)(?=[:/]))", re.IGNORECASE)


async def run_cases(cases: Sequence[RuleCase], scratch: Path) -> dict[str, tuple[Evaluation, ...]]:
    """The evaluations of each case's own rule by case id, through the real program and real sockets.

    AssertionError when a URL was asked for that its case does not foresee.
    """
    pages = [page for case in cases for page in case.pages]
    hosts = {page.host: page.tls for page in pages if page.scheme == "https"}
    outcomes: dict[str, tuple[Evaluation, ...]] = {}
    for case in cases:
        if case.case.folder is not None:
            outcomes[case.id] = await _lint(case, case.case.folder, scratch / f"folder-{case.number}")
    cases = [case for case in cases if case.case.folder is None]
    answers = {f"{page.url} {page.asked}": page.answer for page in pages}
    delays = {f"{page.url} {page.asked}": page.after for page in pages}
    async with Web(answers, hosts, delays) as web, MediaWorkers() as workers:
        ca_file = web.write_ca(scratch / "ca.pem")
        for group in _groups(cases):
            outcomes |= await _run_group(group, _policy(web, pages, group, ca_file), workers)
    assert not web.unexpected, f"asked for without a [[case.web]]: {web.unexpected}"
    return outcomes


def _fill(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir()
    for name, file in files.items():
        shutil.copyfile(ROOT / file, folder / name)


async def _lint(case: RuleCase, files: Mapping[str, str], folder: Path) -> tuple[Evaluation, ...]:
    _fill(folder, files)
    report = await lint(
        [case.message],
        [],
        load_rules("lint"),
        assets=(("http://media.example.com/", folder),),
        changes=case.case.changes.changes,
    )
    (message,) = report.messages
    return tuple(item for item in message.evaluations if item.rule == case.rule)


def _groups(cases: Iterable[RuleCase]) -> Iterable[list[RuleCase]]:
    groups: dict[bytes, list[RuleCase]] = {}
    for case in cases:
        shared = (_selection(case.case), case.case.changes, case.case.request, _probing(case.case))
        groups.setdefault(msgspec.json.encode(shared), []).append(case)
    return groups.values()


def _policy(web: Web, pages: Sequence[Page], group: Sequence[RuleCase], ca_file: Path) -> FetchPolicy:
    """Hosts with pages lead to the server, private addresses to themselves, all others to a closed port."""
    served = {(page.host, page.port, page.scheme) for page in pages}
    ports = {"http": web.http_port, "https": web.https_port}
    texts = (text for case in group for text in _texts(case))
    refused = {address for text in texts for address in _private(text)}
    return FetchPolicy(
        retries=0,
        timeout=20,
        deadline=90,
        max_concurrency=32,
        allow_net=("127.0.0.0/8",),
        ca_file=str(ca_file),
        connect_to=(
            *(ConnectTo(host, port, HOME, ports[scheme]) for host, port, scheme in sorted(served)),
            *(ConnectTo(address, None, address, 80) for address in sorted(refused)),
            ConnectTo("", None, HOME, web.closed_port),
        ),
    )


def _texts(case: RuleCase) -> Iterable[str]:
    yield case.case.document.decode("latin-1")
    yield from (value for page in case.case.web for _, value in page.headers)


def _private(text: str) -> Iterable[str]:
    """Numeric hosts that the address guard refuses; no other may be dialled by number from a test."""
    for match in _NUMERIC.finditer(text):
        try:
            address = ip_address(match[1] or match[2])
        except ValueError:
            continue
        if not address.is_global and address not in ip_network("127.0.0.0/8"):
            yield str(address)


def _probing(case: Case) -> tuple[bool, bool]:
    return case.deep, case.cache_bust


_Selection = tuple[
    SenderType | None, tuple[str, ...], tuple[str, ...], bool, tuple[tuple[str, tuple[str, ...]], ...]
]


def _selection(case: Case) -> _Selection:
    config = tuple((name.replace("-", "_"), value) for name, value in case.config.items())
    return case.sender, case.carriers, case.providers, case.transcoding, config


@cache
def _ruleset(selection: _Selection) -> RuleSet:
    sender, carriers, providers, transcoding, config = selection
    return load_rules(
        "send",
        sender=sender,
        carriers=carriers,
        providers=providers,
        transcoding=transcoding,
        config=Config(**dict(config)) if config else None,  # type: ignore[arg-type]
    )


async def _run_group(
    group: Sequence[RuleCase], policy: FetchPolicy, workers: MediaWorkers
) -> Mapping[str, tuple[Evaluation, ...]]:
    first = group[0].case
    report = await check(
        [case.message for case in group],
        _ruleset(_selection(first)),
        policy,
        changes=None if first.request else first.changes.changes,
        request=first.send,
        workers=workers,
        deep=first.deep,
        cache_bust=first.cache_bust,
    )
    return {
        case.id: tuple(item for item in message.evaluations if item.rule == case.rule)
        for case, message in zip(group, report.messages, strict=True)
    }


def problems(case: RuleCase, evaluations: Sequence[Evaluation]) -> list[str]:
    """How the evaluations differ from what the case expects, as sentences; empty when they do not."""
    found = [_seen(case, item) for item in evaluations]
    if len(found) != len(case.case.expect):
        hint = "" if found else f"; is {case.rule} in rules/profiles/send.toml, or lint.toml?"
        return [f"expected {len(case.case.expect)} evaluations, got {len(found)}: {found}{hint}"]
    return [
        f"expected {msgspec.json.encode(wanted).decode()}, got {seen}"
        for wanted, seen in zip(case.case.expect, found, strict=True)
        if not _meets(wanted, seen)
    ]


def _seen(case: RuleCase, item: Evaluation) -> dict[str, Any]:
    words = item.message.replace(case.prefix, "") if case.prefix else item.message
    if item.crashed:
        words += f" {item.evidence['traceback']}"
    return {
        "outcome": item.outcome,
        "slide": item.target.slide,
        "media": item.target.media,
        "message": words,
        "crashed": item.crashed,
    }


def _meets(wanted: Expect, seen: Mapping[str, Any]) -> bool:
    return (
        not seen["crashed"]
        and wanted.outcome is seen["outcome"]
        and wanted.slide in {None, seen["slide"]}
        and wanted.media in {None, seen["media"]}
        and all(part in seen["message"] for part in wanted.contains)
    )
