"""Whether the answers were well formed on the wire, however a client library would have read them.

Two rules share what was seen. `SEVERE` is what at least one client refuses, or what two clients read as
different files; `MILD` is what every recipient may or must be able to read and what programs that look at
bytes still stumble over. The split follows RFC 9112 (HTTP/1.1), RFC 9110 (HTTP semantics) and what three
clients were measured to do with it (requests 2.34, httpx 0.28, aiohttp 3.14, November 2026):

========================  ======  ==================================================================
kind                      split   why
========================  ======  ==================================================================
LENGTH_AND_CHUNKED        severe  9112 6.3: an attempt at smuggling; measured: two accept, one refuses
TWO_LENGTHS               severe  9112 6.3: an unrecoverable error; measured: three refuse
REPEATED_LENGTH           severe  9112 6.3: may be refused; measured for ``3, 3``: two accept, one refuses
BAD_LENGTH                severe  9112 6.3: an unrecoverable error; measured for ``+3``: one accepts
EXCESS                    severe  9112 6.3; measured: two cut the file off silently, one refuses
BAD_CHUNK                 severe  9112 7.1: no such chunk; where the file ends is anybody's guess
STATUS_LINE, NOT_HTTP     severe  9112 4: no status line of HTTP/1
SPACED_NAME               severe  9112 5.1 and 2.2: some drop the header, some read it, some refuse
NOT_A_HEADER              severe  9112 5 and 9110 5.1: no header line; some skip it, some refuse
CONTROL_CHARACTER         severe  9110 5.5: dangerous; to be refused or replaced (with CR and NUL)
HEAD_TOO_LARGE            severe  9110 5.4: no limit is set; clients refuse, this one at 64 KiB
TOO_MANY_HEADERS          severe  the same; http.client of Python refuses more than 100
RANGE_UNASKED             severe  9110 15.3.7 and 14.4: the file may be a part of one
NOT_MODIFIED_UNASKED      severe  9110 15.4.5: there is no file in it
BARE_LF                   mild    9112 2.2: may be read as a line's end
OBS_FOLD                  mild    9112 5.2: not to be sent, to be read as a space
TRAILERS                  mild    9110 6.5: legal; may be dropped
INFORMATIONAL             mild    9110 15.2: legal; a client must be able to read past it
========================  ======  ==================================================================
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from mmscheck.checks.observed import explanation, printable
from mmscheck.model.check import Check, MediaTarget, NoParams, Result, cant_tell, failed, passed
from mmscheck.model.observation import Anomaly, AnomalyKind, Fetched, Hop, NotFetched, Observation, Reason
from mmscheck.model.redact import redact_header, redact_url
from mmscheck.model.words import Because, TargetKind

MILD = frozenset({AnomalyKind.BARE_LF, AnomalyKind.OBS_FOLD, AnomalyKind.TRAILERS, AnomalyKind.INFORMATIONAL})
"""What is legal to send or to read, and what programs nevertheless disagree about."""

SEVERE = frozenset(AnomalyKind) - MILD
"""What some client refuses or reads as something else."""

_MALFORMED = frozenset({Reason.MALFORMED_HTTP, Reason.LENGTH_AND_CHUNKED, Reason.TWO_LENGTHS})
"""Reasons that say themselves that the answer was not well formed."""

_NO_LINES = frozenset({AnomalyKind.EXCESS, AnomalyKind.NOT_HTTP})
"""Kinds that are shown by a first few bytes, which need not be lines at all."""

_UTF_8 = codecs.getincrementaldecoder("utf-8")
_FIRST_BYTES = 4

_TOKEN = re.compile(r"[\w-]+")
_WORD = re.compile(r"[\w-]*")
_FIELD = re.compile(r"\n(?![ \t])")

LENGTHS = frozenset(
    {AnomalyKind.EXCESS, AnomalyKind.TWO_LENGTHS, AnomalyKind.REPEATED_LENGTH, AnomalyKind.BAD_LENGTH}
)
"""What ``content-length-true`` says better."""

_Seen = tuple[Hop, Anomaly]


def well_formed(target: MediaTarget, _params: NoParams) -> Result:
    """Nothing came, on any hop, that some client refuses or reads differently."""
    observation = target.observation
    found = _found(observation, SEVERE)
    if not found and isinstance(observation, NotFetched) and observation.reason in _MALFORMED:
        return failed({"anomalies": []}, problem=explanation(observation))
    return _judge(observation, found)


def plain(target: MediaTarget, _params: NoParams) -> Result:
    """Nothing came, on any hop, that is legal but that programs disagree about."""
    return _judge(target.observation, _found(target.observation, MILD))


def _found(observation: Observation, kinds: frozenset[AnomalyKind]) -> list[_Seen]:
    return [(hop, odd) for hop in observation.hops for odd in hop.anomalies if odd.kind in kinds]


def _judge(observation: Observation, found: Sequence[_Seen]) -> Result:
    if found:
        evidence = {"anomalies": [_evidence(hop, odd) for hop, odd in found]}
        result = failed(evidence, problem="; ".join(_words(observation, hop, odd) for hop, odd in found))
        lengths = all(odd.kind in LENGTHS for _, odd in found)
        return replace(result, because=Because.LENGTHS if lengths else None)
    if isinstance(observation, Fetched) and observation.hops:
        return passed(answers=len(observation.hops))
    return cant_tell(f"the answer was not read to its end: {explanation(observation)}")


def _evidence(hop: Hop, odd: Anomaly) -> dict[str, Any]:
    return {"kind": odd.kind.name, "lines": _lines(odd), "url": redact_url(hop.url), "status": hop.status}


def _words(observation: Observation, hop: Hop, odd: Anomaly) -> str:
    where = "" if hop is observation.hops[-1] else f" from {printable(redact_url(hop.url))}, which redirects"
    shown = "; ".join(_lines(odd))
    if odd.kind is AnomalyKind.EXCESS and not _is_text(odd.seen):
        return f"{_how_many(observation, hop)} more bytes after the stated end{where} ({shown})"
    return f"{odd.kind.value}{where} ({shown})"


def _how_many(observation: Observation, hop: Hop) -> str:
    if isinstance(observation, Fetched) and observation.excess and hop is observation.hops[-1]:
        return f"at least {observation.excess:,}"
    return "some"


def _is_text(seen: str) -> bool:
    """Whether the bytes (as ISO-8859-1) are text: UTF-8, cut off anywhere, without control characters."""
    try:
        text = _UTF_8().decode(seen.encode("latin-1"))
    except UnicodeError:
        return False
    return all(char.isprintable() or char in "\t\r\n" for char in text)


def _lines(odd: Anomaly) -> list[str]:
    """The raw lines as they may be shown; a folded line stays with the one that it belongs to.

    Of bytes that are no text the first few are shown as numbers.
    """
    if odd.kind in _NO_LINES and not _is_text(odd.seen):
        begin = odd.seen[:_FIRST_BYTES].encode("latin-1", "replace")
        return [f"{begin.hex(' ')}{' ...' if len(odd.seen) > _FIRST_BYTES else ''}, not text"]
    lines = [_shown(line) for line in _FIELD.split(odd.seen)]
    return [printable(line) for line in (["\n".join(lines)] if odd.kind in _NO_LINES else lines)]


def _shown(line: str) -> str:
    """A header line without its secrets, also when it is none, or the rest of one that is not here."""
    name, colon, value = line.partition(":")
    if colon and (line[:1] not in " \t" or _TOKEN.fullmatch(name.strip())):
        return f"{name}:{redact_header(name.strip(), value)}"
    if line[:1] in {" ", "\t"}:
        return "…"
    word = _WORD.match(line)
    begin = word[0] if word else ""
    return begin + redact_header(begin, line[len(begin) :])


CHECKS: tuple[Check, ...] = (
    Check(
        name="response-well-formed", target=TargetKind.MEDIA, run=well_formed, reports=frozenset({"problem"})
    ),
    Check(name="response-plain", target=TargetKind.MEDIA, run=plain, reports=frozenset({"problem"})),
)
"""The checks of what was odd on the wire."""
