"""How the file was framed on the wire: Content-Length, Transfer-Encoding, Content-Encoding.

All are judged by the raw head of the 200 response, whatever became of its body: what an HTTP library
refuses, forgives or decodes does not matter here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from mmscheck.base.http import COMPRESSIONS, UPLOAD_CODING
from mmscheck.base.redact import redact_header, redact_url
from mmscheck.base.text import quoted
from mmscheck.checks.evidence import (
    explanation,
    file_head,
    framing_lines,
    header_lines,
    header_values,
    is_medium,
    later_answers,
    unanswered,
    usable_length,
)
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    advising,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.observation import Anomaly, AnomalyKind, Fetched, Hop, NotFetched, Observation, Reason
from mmscheck.model.words import Because, Owner, TargetKind

_LENGTH, _TRANSFER, _ENCODING = "Content-Length", "Transfer-Encoding", "Content-Encoding"


def length_stated(target: MediaTarget, _params: NoParams) -> Result:
    """The head states a usable length: one number of bytes, in however many places."""
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    length = hop.framing.stated_length
    if length is None:
        evidence = {"status": hop.status, "http_version": hop.http_version}
        without = (
            f"a usable {_LENGTH} ({header_lines(hop, _LENGTH)})" if header_values(hop, _LENGTH) else _LENGTH
        )
        return failed(evidence, seen=header_lines(hop, _LENGTH), without=without)
    for found in later_answers(target.observation):
        if found.alike and usable_length(found.head) is None:
            without = f"a usable {_LENGTH} {found.when} ({framing_lines(found.head)})"
            return advising(
                failed(seen=header_lines(found.head, _LENGTH), without=without), _ALWAYS, Owner.HOSTING
            )
    return passed(length=length)


_ALWAYS = (
    "Let every answer state the length: one node of several, or a cache that passes on what it has not got"
    " yet, leaves it out. Give every node behind this host the same set-up, and let the origin state it."
)


def length_true(target: MediaTarget, _params: NoParams) -> Result:
    """The stated length is the number of bytes that came, and it is stated once."""
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    if not header_values(hop, _LENGTH):
        return inapplicable("no length was stated")
    stated, times = hop.framing.stated_length, len(hop.framing.lengths)
    misstated = _misstated(stated, times)
    if problem := misstated or _untrue(stated or 0, target.observation):
        untrue = failed({"stated": stated}, problem=problem, seen=header_lines(hop, _LENGTH))
        characters = misstated is None and _in_characters(target.observation)
        return advising(untrue, _IN_BYTES, Owner.HOSTING) if characters else untrue
    if not isinstance(target.observation, Fetched):
        return cant_tell(f"the file was not read to its end: {explanation(target.observation)}")
    return passed(stated=stated, received=target.observation.size)


_CHARACTERS = (
    ", exactly as many as its characters beyond ASCII have beyond one byte each: the length seems to count"
    " characters, and not bytes"
)
_IN_BYTES = (
    "Count bytes: in PHP strlen in place of mb_strlen, in JavaScript Buffer.byteLength(text) in place of"
    " text.length, in Python len(text.encode()) in place of len(text). Bytes that are no text, such as a"
    " picture, must not become a string on the way. Better, leave the length to the web server or framework."
)


def _misstated(stated: int | None, times: int) -> str | None:
    if times > 1:
        same = "" if stated is None else ", each time the same"
        return f"the length is stated {times} times{same}"
    return "the stated length is not a plain number" if stated is None else None


def _in_characters(observation: Observation) -> bool:
    """Whether as many bytes followed as continue a character: the length seems to count characters."""
    return isinstance(observation, Fetched) and 0 < observation.excess == observation.continuing


def _untrue(stated: int, observation: Observation) -> str | None:
    if isinstance(observation, NotFetched):
        return _untrue_in_part(stated, observation)
    if observation.excess:
        more = f"{stated:,} bytes were stated and at least {observation.excess:,} more followed"
        return f"{more}{_CHARACTERS}" if _in_characters(observation) else more
    if observation.size != stated:
        return f"{stated:,} bytes were stated and {observation.size:,} came"
    return None


def _untrue_in_part(stated: int, observation: NotFetched) -> str | None:
    if observation.reason is Reason.TWO_LENGTHS:
        return "two different lengths are stated"
    if observation.reason is Reason.SHORT_BODY:
        came = "fewer" if observation.received is None else f"only {observation.received:,}"
        return f"{stated:,} bytes were stated and {came} came"
    if observation.received is not None and observation.received > stated:
        return f"{stated:,} bytes were stated and at least {observation.received:,} came"
    return None


def not_chunked(target: MediaTarget, _params: NoParams) -> Result:
    """No transfer coding is used, whether or not a length stands beside it.

    ``identity`` is the obsolete word for none. Any other coding fails like ``chunked``: either way the
    end of the file is not where Content-Length says.
    """
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    codings = hop.framing.transfer_codings
    if all(coding == "identity" for coding in codings):
        return passed(transfer_codings=list(codings))
    beside = (
        f", beside {header_lines(hop, _LENGTH)}"
        if header_values(hop, _LENGTH)
        else ", and without Content-Length"
    )
    return failed({"transfer_codings": list(codings)}, seen=header_lines(hop, _TRANSFER), beside=beside)


def not_encoded(target: MediaTarget, _params: NoParams) -> Result:
    """No content coding was applied; only identity had been asked for."""
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    stated = list(hop.framing.content_codings)
    if not stated:
        return passed(content_codings=stated)
    return _advised(
        failed({"content_codings": stated}, seen=header_lines(hop, _ENCODING)), stated, target.observation
    )


def _advised(result: Result, stated: list[str], observation: Observation) -> Result:
    """The result with what helps where nothing was compressed, and only the header says that it was."""
    if UPLOAD_CODING in stated:
        return advising(result, _UPLOADED, Owner.HOSTING)
    if COMPRESSIONS.isdisjoint(stated) or is_medium(observation):
        return advising(result, _NOT_CODED, Owner.HOSTING)
    return result


_UPLOADED = (
    "Clear the Content-Encoding of the object; there is no compression to switch off. aws-chunked is how an"
    " upload was sent, and the storage kept it as a property of the file. Copied onto itself the object loses"
    " it:\n"
    "    aws s3 cp s3://b/a.jpg s3://b/a.jpg --content-type image/jpeg --metadata-directive REPLACE\n"
    "Upload without the streaming checksum from now on (AWS's tools and SDKs: the environment variable"
    " AWS_REQUEST_CHECKSUM_CALCULATION=when_required)."
)
_NOT_CODED = (
    "Remove the Content-Encoding header where the answer is made, or the property of that name from the"
    " object in the bucket: the bytes are not compressed, and the header says that they are, or names no"
    " compression at all. A character set belongs into Content-Type."
)


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
    where = "" if hop is observation.hops[-1] else f" from {quoted(redact_url(hop.url))}, which redirects"
    shown = "; ".join(_lines(odd))
    if odd.kind is AnomalyKind.EXCESS and not _is_text(odd.seen):
        return f"{_how_many(observation, hop)} more bytes after the stated end{where} ({shown})"
    return f"{odd.kind.value}{where} ({shown})"


def _how_many(observation: Observation, hop: Hop) -> str:
    if isinstance(observation, Fetched) and observation.excess and hop is observation.hops[-1]:
        return f"at least {observation.excess:,}"
    return "some"


def _is_text(header_lines: str) -> bool:
    """Whether the bytes (as ISO-8859-1) are text: UTF-8, cut off anywhere, without control characters."""
    try:
        text = _UTF_8().decode(header_lines.encode("latin-1"))
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
    return [quoted(line) for line in (["\n".join(lines)] if odd.kind in _NO_LINES else lines)]


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
        name="length-stated",
        target=TargetKind.MEDIA,
        run=length_stated,
        reports=frozenset({"seen", "without"}),
    ),
    Check(
        name="length-true", target=TargetKind.MEDIA, run=length_true, reports=frozenset({"problem", "seen"})
    ),
    Check(
        name="not-chunked", target=TargetKind.MEDIA, run=not_chunked, reports=frozenset({"seen", "beside"})
    ),
    Check(name="not-encoded", target=TargetKind.MEDIA, run=not_encoded, reports=frozenset({"seen"})),
    Check(
        name="response-well-formed", target=TargetKind.MEDIA, run=well_formed, reports=frozenset({"problem"})
    ),
    Check(name="response-plain", target=TargetKind.MEDIA, run=plain, reports=frozenset({"problem"})),
)
"""Every check of the family."""
