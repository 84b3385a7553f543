"""What a message weighs once it is packed for sending: base64 and part headers.

Sinch estimates 1.37 x bytes + 814 per file (saveMMS). Carriers limit the whole message, so the text of
each slide counts as a file too, by its UTF-8 bytes; the subject is a header and does not. A file that
two slides name is packed twice.
"""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec

from mmscheck.checks import tags
from mmscheck.checks.published import Bound, Published, bounds
from mmscheck.checks.showing import both, listed
from mmscheck.model.check import MessageTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import UNSEEN, Fetched, Observation, Reason
from mmscheck.model.redact import redact_url

OFFLINE = "lint is offline, and not every file of the message is there; what is there is not too much"
"""Why a sum is not judged by a run without a network."""

LARGEST_NAMED = 3
"""Files a message names, the largest first."""


class WireSize(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The estimate for one file, ``factor`` x bytes + ``addition``, and the limit in bytes on the wire.

    Where carriers are at hand each one's number counts instead of ``maximum``.
    """

    factor: float
    addition: int
    maximum: int
    carriers: tuple[Published, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file or text of the message: its bytes before packing, and why that may be too few.

    ``unseen`` marks a file that a run without a network cannot see.
    """

    what: str
    size: int
    unknown: str = ""
    unseen: bool = False


def weigh(target: MessageTarget) -> tuple[Part, ...]:
    """Every file and text of the message, in slide order."""
    files = [weigh_file(ref, target.observations.get(ref.url)) for ref in target.message.media]
    texts = [_text(number, text) for number, text in target.effective.texts.items() if text]
    return (*files, *texts)


def judge(parts: tuple[Part, ...], params: WireSize) -> Result:
    """Whether the parts stay within every limit; what is not known can only add."""
    total = sum(_packed(part, params) for part in parts)
    unknown = [part for part in parts if part.unknown]
    at_least = bool(unknown)
    limits = bounds(params.maximum, params.carriers)
    evidence = {
        "total": total,
        "maximum": limits[0].maximum,
        "at_least": at_least,
        "limits": [limit.evidence(total, at_least=at_least) for limit in limits],
        "parts": [{"what": p.what, "bytes": p.size, "unknown": p.unknown} for p in parts],
    }
    if total > limits[0].maximum:
        return failed(evidence, **_wording(parts, limits, total, at_least=at_least))
    if only_unseen(parts):
        return inapplicable(OFFLINE, **evidence)
    if unknown:
        why = list(dict.fromkeys(f"{part.what}: {part.unknown}" for part in unknown))
        return cant_tell(listed(why), **evidence)
    return passed(**evidence)


def only_unseen(parts: tuple[Part, ...]) -> bool:
    """Whether files that a run without a network cannot see are all that is not known."""
    unknown = [part for part in parts if part.unknown]
    return bool(unknown) and all(part.unseen for part in unknown)


def weigh_file(ref: MediaRef, observation: Observation | None) -> Part:
    """One file with the bytes that are known of it."""
    what = f"{redact_url(ref.url)} on slide {ref.slide}"
    if observation is None:
        return Part(what=what, size=0, unknown="not looked at")
    if isinstance(observation, Fetched):
        return Part(what=what, size=observation.size)
    # Only a file cut off at the cap is known to be at least what arrived.
    known = (observation.received or 0) if observation.reason is Reason.TOO_LARGE else 0
    return Part(what=what, size=known, unknown=observation.explanation, unseen=observation.reason in UNSEEN)


def _text(number: int, text: str) -> Part:
    known = tags.certain(text).encode("utf-8", "surrogatepass")
    return Part(what=f"the text of slide {number}", size=len(known), unknown=tags.unknown(text))


def _packed(part: Part, params: WireSize) -> int:
    # Decimal, because 1.37 has no exact float and a limit must not move by a rounding error.
    return math.ceil(Decimal(str(params.factor)) * part.size) + params.addition


def _wording(
    parts: tuple[Part, ...], limits: tuple[Bound, ...], total: int, *, at_least: bool
) -> dict[str, str]:
    largest = sorted(parts, key=lambda part: part.size, reverse=True)[:LARGEST_NAMED]
    return {
        "total": f"{'at least ' if at_least else ''}{total:,} bytes",
        "maximum": f"{limits[0].maximum:,} bytes",
        "excess": f"{total - limits[0].maximum:,} bytes",
        "limits": "; ".join(limit.words(total, at_least=at_least) for limit in limits),
        "largest": both([f"{part.what} ({part.size:,} bytes)" for part in largest]),
    }
