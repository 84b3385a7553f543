"""Checks of the fields of one send: ids, ddm fields, custom texts.

The checks of numbers, of the fallback text and of what the ledger knows are in modules of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

import msgspec

from mmscheck.checks import bound, fallback, numbers, tags
from mmscheck.checks.showing import is_blank, listed, plural, shown
from mmscheck.model.check import (
    Check,
    MessageTarget,
    NoParams,
    RequestTarget,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.request import CustomText, SendRequest
from mmscheck.model.words import Because, TargetKind

TOKEN = re.compile(r"[!-~]+\Z")
"""An id: printable ASCII without white space."""

DIGITS = re.compile(r"[0-9]+\Z")

FORCE = ("true", "false")
"""Values of ddm-force: the documents name ``true``; ``false`` is what leaving it out means."""


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field of the request that must be given; an ``id`` is one word of plain characters."""

    field: Literal["mms_id", "service_id", "fallback_sms_text"]
    form: Literal["id", "text"]


def given(target: RequestTarget, params: Field) -> Result:
    """The field is there, is not blank, and has the form it needs."""
    value: str | None = getattr(target.request, params.field)
    name = params.field.replace("_", "-")
    if value is None:
        return failed(field=name, what="is missing")
    if params.form == "id":
        if TOKEN.match(value):
            return passed(value=value)
        what = "is empty" if is_blank(value) else f'is "{shown(value)}", with a space or a special character'
        return failed(field=name, what=what)
    if not is_blank(tags.certain(value)):
        return passed(characters=len(value))
    why = tags.unknown(value)
    return cant_tell(why, Because.TAGS) if why else failed(field=name, what="is empty")


def operator_id(target: RequestTarget, _: NoParams) -> Result:
    """The operator's id, where given, is digits."""
    value = target.request.operator_id
    if value is None:
        return inapplicable("no operator-id is given")
    return passed(value=value) if DIGITS.match(value) else failed(value=shown(value))


def ddm(target: RequestTarget, _: NoParams) -> Result:
    """Device discovery, where any of it is given, has a text, a usable timeout and a known switch."""
    request = target.request
    fields = (request.ddm_message_text, request.ddm_message_subject, request.ddm_message_timeout)
    if request.ddm_force is None and all(field is None for field in fields):
        return inapplicable("no ddm field is given")
    faults = _ddm_faults(request)
    return failed({"faults": faults}, faults=listed(faults)) if faults else passed()


def _ddm_faults(request: SendRequest) -> list[str]:
    faults = []
    timeout, force = request.ddm_message_timeout, request.ddm_force
    if is_blank(request.ddm_message_text):
        faults.append("ddm-message-text is missing, and every other ddm field needs it")
    if timeout is not None and not (DIGITS.match(timeout) and timeout.strip("0")):
        faults.append(f'ddm-message-timeout is "{shown(timeout)}", not a whole number of minutes above 0')
    if force is not None and force not in FORCE:
        faults.append(f'ddm-force is "{shown(force)}", not true or false')
    return faults


def custom_texts(target: MessageTarget, _: NoParams) -> Result:
    """Every custom text names a slide that exists, only once, and gives it a text."""
    texts = target.changes.custom_texts
    if not texts:
        return inapplicable("no custom texts are given")
    faults = _custom_faults(texts, len(target.message.slides))
    return failed({"faults": faults}, faults=listed(faults)) if faults else passed(count=len(texts))


def _custom_faults(texts: tuple[CustomText, ...], slides: int) -> list[str]:
    count = Counter(text.slide for text in texts)
    has = f"the message has {plural(slides, 'slide')}, counted from 1"
    return [
        *(f"there is no slide {number}: {has}" for number in count if not 1 <= number <= slides),
        *(f"slide {number} is given {n} custom texts" for number, n in count.items() if n > 1),
        *(f"the custom text for slide {text.slide} is empty" for text in texts if is_blank(text.value)),
    ]


_FAULTS = frozenset({"faults"})

CHECKS: tuple[Check, ...] = (
    *numbers.CHECKS,
    *fallback.CHECKS,
    *bound.CHECKS,
    Check(
        name="request-field",
        target=TargetKind.REQUEST,
        run=given,
        params=Field,
        reports=frozenset({"field", "what"}),
    ),
    Check(
        name="request-operator-id",
        target=TargetKind.REQUEST,
        run=operator_id,
        reports=frozenset({"value"}),
    ),
    Check(name="request-ddm", target=TargetKind.REQUEST, run=ddm, reports=_FAULTS),
    Check(name="custom-texts", target=TargetKind.MESSAGE, run=custom_texts, reports=_FAULTS),
)
"""What this family offers to rule files."""
