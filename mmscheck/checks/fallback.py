"""The check of the fallback text: does the SMS that replaces the MMS stay one SMS."""

from __future__ import annotations

import msgspec

from mmscheck.checks import tags
from mmscheck.checks.characters import name_of
from mmscheck.checks.showing import code, is_blank, listed, plural
from mmscheck.model import sms
from mmscheck.model.check import Check, RequestTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.words import Because, TargetKind

SPACE = 1
"""Between the text and the link that the provider adds."""

CAUSES_NAMED = 5
"""Characters outside GSM that a message names."""


class Segments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units one SMS holds, alone and as one of several, and the units the provider's link takes."""

    gsm_single: int
    gsm_part: int
    ucs2_single: int
    ucs2_part: int
    link_reserve: int


def one_sms(target: RequestTarget, params: Segments) -> Result:
    """The fallback text fits one SMS with room for a space and the link."""
    text = target.request.fallback_sms_text
    if text is None or is_blank(text):
        return inapplicable("there is no fallback text")
    encoded, why = sms.encode(tags.certain(text)), tags.unknown(text)
    gsm = not encoded.outside
    single = params.gsm_single if gsm else params.ucs2_single
    more = SPACE + params.link_reserve
    count = sms.parts(encoded, more, single, params.gsm_part if gsm else params.ucs2_part)
    evidence = {
        "alphabet": encoded.alphabet,
        "units": encoded.units,
        "reserved": more,
        "single": single,
        "messages": count,
        "outside": [f"{code(char)} {name_of(char)}" for char in encoded.outside],
    }
    if count > 1:
        return failed(evidence, **_wording(encoded, single, more, count, at_least=bool(why)))
    return cant_tell(why, Because.TAGS, **evidence) if why else passed(**evidence)


def _wording(encoded: sms.Encoded, single: int, more: int, count: int, *, at_least: bool) -> dict[str, str]:
    causes = [_cause(char) for char in encoded.outside]
    holds = f"One SMS holds {single} characters"
    if causes:
        holds = f"One SMS holds only {single} characters because of {listed(causes, ', ', CAUSES_NAMED)}"
    return {
        "length": f"{'at least ' if at_least else ''}{encoded.units}",
        "room": str(max(single - more, 0)),
        "holds": holds,
        "messages": plural(count, "SMS", "SMS"),
    }


def _cause(char: str) -> str:
    described = f"{code(char)} {name_of(char)}"
    return f"{char} ({described})" if char.isprintable() else described


CHECKS: tuple[Check, ...] = (
    Check(
        name="fallback-one-sms",
        target=TargetKind.REQUEST,
        run=one_sms,
        params=Segments,
        reports=frozenset({"length", "room", "holds", "messages"}),
    ),
)
"""What this module offers to rule files."""
