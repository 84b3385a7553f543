"""How the file was framed on the wire: Content-Length, Transfer-Encoding, Content-Encoding.

All are judged by the raw head of the 200 response, whatever became of its body: what an HTTP library
refuses, forgives or decodes does not matter here.
"""

from __future__ import annotations

from mmscheck.base.http import COMPRESSIONS, UPLOAD_CODING
from mmscheck.checks.answers import again, framing, usable_length
from mmscheck.checks.framed import codings, members, stated_length
from mmscheck.checks.observed import answer, explanation, is_medium, seen, unanswered, values
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
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason
from mmscheck.model.words import Owner, TargetKind

_LENGTH, _TRANSFER, _ENCODING = "Content-Length", "Transfer-Encoding", "Content-Encoding"


def length_stated(target: MediaTarget, _params: NoParams) -> Result:
    """The head states a usable length: one number of bytes, in however many places."""
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    length = stated_length(hop)
    if length is None:
        evidence = {"status": hop.status, "http_version": hop.http_version}
        without = f"a usable {_LENGTH} ({seen(hop, _LENGTH)})" if values(hop, _LENGTH) else _LENGTH
        return failed(evidence, seen=seen(hop, _LENGTH), without=without)
    for found in again(target.observation):
        if found.alike and usable_length(found.head) is None:
            without = f"a usable {_LENGTH} {found.when} ({framing(found.head)})"
            return advising(failed(seen=seen(found.head, _LENGTH), without=without), _ALWAYS, Owner.HOSTING)
    return passed(length=length)


_ALWAYS = (
    "Let every answer state the length: one node of several, or a cache that passes on what it has not got"
    " yet, leaves it out. Give every node behind this host the same set-up, and let the origin state it."
)


def length_true(target: MediaTarget, _params: NoParams) -> Result:
    """The stated length is the number of bytes that came, and it is stated once."""
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    if not values(hop, _LENGTH):
        return inapplicable("no length was stated")
    stated, times = stated_length(hop), len(members(hop, _LENGTH))
    problem = _misstated(stated, times) or _untrue(stated or 0, target.observation)
    if problem:
        untrue = failed({"stated": stated}, problem=problem, seen=seen(hop, _LENGTH))
        return advising(untrue, _IN_BYTES, Owner.HOSTING) if problem.endswith(_CHARACTERS) else untrue
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


def _untrue(stated: int, observation: Observation) -> str | None:
    if isinstance(observation, NotFetched):
        return _untrue_in_part(stated, observation)
    if observation.excess:
        more = f"{stated:,} bytes were stated and at least {observation.excess:,} more followed"
        return f"{more}{_CHARACTERS}" if observation.excess == observation.continuing else more
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
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    codings = tuple(member.lower() for member in members(hop, _TRANSFER))
    if all(coding == "identity" for coding in codings):
        return passed(transfer_codings=list(codings))
    beside = f", beside {seen(hop, _LENGTH)}" if values(hop, _LENGTH) else ", and without Content-Length"
    return failed({"transfer_codings": list(codings)}, seen=seen(hop, _TRANSFER), beside=beside)


def not_encoded(target: MediaTarget, _params: NoParams) -> Result:
    """No content coding was applied; only identity had been asked for."""
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    stated = list(codings(hop))
    if not stated:
        return passed(content_codings=stated)
    return _advised(
        failed({"content_codings": stated}, seen=seen(hop, _ENCODING)), stated, target.observation
    )


def _advised(result: Result, stated: list[str], observation: Observation) -> Result:
    """The same with what helps where nothing was compressed, and only the header says that something was."""
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
)
"""The checks of how the file was framed."""
