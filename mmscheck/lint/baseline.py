"""Faults that were there before: a small file that lint takes for known, so that only new ones block.

One entry is a rule, a path and a digest of what was found. Lines, slides' numbers and signatures are left out
of the digest, since those change while the fault stays; a medium's bytes and the words of the finding are in
it, so another fault of the same rule is new.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from mmscheck.errors import InputError
from mmscheck.judge import gate
from mmscheck.model.observation import Fetched
from mmscheck.model.report import Known, MessageReport, Report
from mmscheck.model.rule import NEVER_KNOWN
from mmscheck.model.words import Outcome
from mmscheck.report.clean import scrub_message
from mmscheck.report.findings import Finding, Judged, findings
from mmscheck.report.rulings import is_told

LARGEST = 10 << 20
"""Bytes of a baseline that are read: some 60,000 faults."""

MOST_NAMED = 5
"""Entries that fit nothing and are named; the others are counted."""

_CHANGING = re.compile(r"(\b(?:line|lines|column|slide|medium) )[\d,]+|\?\u2026[0-9a-f]+")
"""What a sentence says of places, and the digest of a query that is signed anew."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, order=True, forbid_unknown_fields=True):
    """One known fault; ``path`` is relative to the folder of the baseline, with slashes."""

    path: Annotated[str, msgspec.Meta(min_length=1)]
    rule: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]+$")]
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mmscheck_baseline: Literal[1] = msgspec.field(name="mmscheck-baseline")
    faults: list[Fault]


def read_baseline(file: Path) -> frozenset[Fault]:
    """The faults in a baseline; InputError naming the file for whatever is none, or not all of one."""
    try:
        content = _content(file)
        found = msgspec.json.decode(content, type=_File).faults
    except OSError as error:
        raise InputError(f"{file}: could not be read: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: is no baseline; lint --write-baseline {file} writes one") from error
    if twice := [each for each, times in Counter(found).items() if times > 1]:
        raise InputError(f"{file}: holds {twice[0].rule} for {twice[0].path} twice; write it anew")
    return frozenset(found)


def _content(file: Path) -> bytes:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as source:  # noqa: PTH123 - the flags need os.open
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputError(f"{file}: is no regular file; give the baseline as a file")
        content = source.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InputError(f"{file}: more than {LARGEST:,} bytes are no baseline")
    return content


def written(faults: Iterable[Fault]) -> str:
    """The text of a baseline: sorted, one fault a line, so that a diff of two says what changed."""
    lines = [
        json.dumps({"path": each.path, "rule": each.rule, "digest": each.digest}, ensure_ascii=False)
        for each in sorted(faults)
    ]
    listed = ",\n".join(f"    {line}" for line in lines)
    return '{\n  "mmscheck-baseline": 1,\n  "faults": [' + (f"\n{listed}\n  " if lines else "") + "]\n}\n"


def apply_baseline(report: Report, faults: frozenset[Fault], file: Path) -> Report:
    """The report of lint with what the baseline knows; what fits nothing any more is said in it."""
    met = {fault: found for fault, found in _faults(report, file) if fault in faults}
    judged = {_path(message.source, file) for message in report.messages}
    unmet = faults - met.keys()
    stale = sorted(each for each in unmet if each.path in judged or not (file.parent / each.path).exists())
    known = tuple(each for found in met.values() for each in found)
    return msgspec.structs.replace(
        report,
        known=known,
        baseline=str(file),
        parts=tuple(msgspec.structs.replace(part, known=known, baseline=str(file)) for part in report.parts),
        allowances=(*report.allowances, *_told(len(met), stale, file)),
    )


def faults_of(report: Report, file: Path) -> frozenset[Fault]:
    """What a baseline in this file would hold: every cause that blocks and may be known."""
    return frozenset(fault for fault, _ in _faults(report, file))


def _told(known: int, stale: Sequence[Fault], file: Path) -> Iterator[str]:
    if known:
        were = "1 fault is" if known == 1 else f"{known:,} faults are"
        yield f"{were} known from the baseline {file}, and block nothing here."
    if stale:
        named = ", ".join(f"{each.rule} in {each.path}" for each in stale[:MOST_NAMED])
        more = f" and {len(stale) - MOST_NAMED:,} more" if len(stale) > MOST_NAMED else ""
        are = "1 entry fits" if len(stale) == 1 else f"{len(stale):,} entries fit"
        yield f"Baseline {file}: {are} nothing any more ({named}{more}); lint --write-baseline renews it."


def _faults(report: Report, file: Path) -> Iterator[tuple[Fault, tuple[Known, ...]]]:
    """Each cause that blocks and may be known, with the evaluations that are known with it."""
    for raw, verdict in zip(report.messages, gate.verdict(report).messages, strict=True):
        message = scrub_message(raw)
        found = findings(message, verdict, strict=report.strict)
        if not is_told(Judged(message=message, verdict=verdict, found=found)):
            continue
        path, seen = _path(message.source, file), Counter[str]()
        for entry in found:
            if not _may_be_known(entry):
                continue
            name = json.dumps(_name(message, entry))
            seen[name] += 1
            digest = hashlib.sha256(f"{seen[name]} {name}".encode()).hexdigest()[:16]
            cause = (entry.first.rule, entry.target)
            yield (
                Fault(path=path, rule=entry.first.rule, digest=digest),
                tuple(
                    Known(source=message.source, rule=item.rule, target=item.target, cause=cause)
                    for item in entry.items
                ),
            )


def _may_be_known(entry: Finding) -> bool:
    lead = entry.lead
    return (
        lead is not None
        and entry.blocks
        and lead.outcome is Outcome.FAILED
        and not any(item.crashed for item in entry.items)
        and lead.rule not in NEVER_KNOWN
    )


def _name(message: MessageReport, entry: Finding) -> list[str]:
    item, key = entry.first, entry.target
    ref = next((each for each in message.media if each.index == key.media), None)
    seen = message.observations.get(ref.url) if ref is not None else None
    content = seen.sha256 if isinstance(seen, Fetched) else ""
    url = "" if ref is None or ref.is_file else ref.url.partition("?")[0]
    said = item.message.replace(message.source, "")
    return [item.rule, key.kind.value, url, content, _CHANGING.sub(r"\1", said)]


def _path(source: str, file: Path) -> str:
    return Path(os.path.relpath(Path(source).absolute(), file.absolute().parent)).as_posix()
