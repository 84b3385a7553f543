"""Checks of the fields of one send: ids, ddm fields, custom texts.

The checks of numbers, of the fallback text and of what the ledger knows are in modules of their own.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from mmscheck.base.redact import stored_url
from mmscheck.base.text import count, is_blank, listed, quoted
from mmscheck.checks import merge_tags
from mmscheck.checks.evidence import explanation
from mmscheck.model.check import (
    Binding,
    Check,
    MediaTarget,
    MessageTarget,
    NoParams,
    RequestTarget,
    Result,
    advising,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.observation import Fetched
from mmscheck.model.request import CustomText, SendRequest
from mmscheck.model.words import Because, Owner, TargetKind

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
        what = "is empty" if is_blank(value) else f'is "{quoted(value)}", with a space or a special character'
        return failed(field=name, what=what)
    if not is_blank(merge_tags.certain(value)):
        return passed(characters=len(value))
    why = merge_tags.unknown(value)
    return cant_tell(why, Because.TAGS) if why else failed(field=name, what="is empty")


def operator_id(target: RequestTarget, _: NoParams) -> Result:
    """The operator's id, where given, is digits."""
    return _operator(target.request.operator_id)


def named_operator_id(target: MessageTarget, _: NoParams) -> Result:
    """The same of the one that the document itself names."""
    field = target.message.field("operator-id")
    return _operator(None if field is None else field.text)


def _operator(value: str | None) -> Result:
    if value is None:
        return inapplicable("no operator-id is given")
    return passed(value=value) if DIGITS.match(value) else failed(value=quoted(value))


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
        faults.append(f'ddm-message-timeout is "{quoted(timeout)}", not a whole number of minutes above 0')
    if force is not None and force not in FORCE:
        faults.append(f'ddm-force is "{quoted(force)}", not true or false')
    return faults


def custom_texts(target: MessageTarget, _: NoParams) -> Result:
    """Every custom text names a slide that exists, only once, and gives it a text."""
    texts = target.changes.custom_texts
    if not texts:
        return inapplicable("no custom texts are given")
    faults = _custom_faults(texts, len(target.message.slides))
    return failed({"faults": faults}, faults=listed(faults)) if faults else passed(count=len(texts))


def _custom_faults(texts: tuple[CustomText, ...], slides: int) -> list[str]:
    times = Counter(text.slide for text in texts)
    has = f"the message has {count(slides, 'slide')}, counted from 1"
    return [
        *(f"there is no slide {number}: {has}" for number in times if not 1 <= number <= slides),
        *(f"slide {number} is given {n} custom texts" for number, n in times.items() if n > 1),
        *(f"the custom text for slide {text.slide} is empty" for text in texts if is_blank(text.value)),
    ]


_FAULTS = frozenset({"faults"})


NO_LEDGER = "no ledger is in use, so nothing is known of the mms-id"

_STATES: Mapping[str, str] = MappingProxyType(
    {
        "ready": "",
        "encoding": "is still being encoded by the provider: its notification N003 has not come",
        "saved": "was bound by hand, and nobody has said that the provider has finished encoding it",
        "corrupt": "was not encoded successfully and cannot be used",
        "deleting": "is being deleted at the provider just now",
        "deleted": "was deleted at the provider",
        "perhaps-deleted": "may be deleted at the provider: how a deletion ended is not known",
    }
)
"""What each state means for a send; empty where it may go out."""

_LONGEST_PLACE = 500
"""Characters of a ledger's path or URL: cut short it would not say which one was asked."""

_DELETED = ("deleting", "deleted", "perhaps-deleted")
"""States that hold whatever is bound to the id."""

_NO_WORD = ("encoding", "saved")
"""States in which nobody has said that the stored message can be used."""


def bound(target: RequestTarget, _: NoParams) -> Result:
    """The ledger knows the mms-id as this very document, and its encoding has finished."""
    binding = target.binding
    if binding is None:
        return inapplicable(NO_LEDGER)
    mms_id = quoted(target.request.mms_id or "")
    evidence = {"mms_id": mms_id, "bound": binding.content, "checked": target.message.digest}
    if binding.ledger:
        evidence["ledger"] = quoted(binding.ledger, _LONGEST_PLACE)
    if not (wrong := _unbound(target, binding)):
        return passed(**evidence)
    result = failed({**evidence, "state": quoted(binding.state)}, mms_id=mms_id, what=wrong)
    return advising(result, _advice(target, binding), Owner.SENDER)


def _unbound(target: RequestTarget, binding: Binding) -> str:
    if binding.mms_id != (target.request.mms_id or ""):
        return f'is not the one the ledger was asked for ("{quoted(binding.mms_id)}")'
    if not binding.mms_id:
        return "is not given, so nobody knows what would go out"
    if binding.state in _DELETED:
        return _STATES[binding.state]
    if binding.content is None:
        named = f"the ledger {quoted(binding.ledger, _LONGEST_PLACE)}" if binding.ledger else "the ledger"
        return _elsewhere(binding) or f"is not in {named}, so nobody knows what is saved under it"
    if binding.content != target.message.digest:
        return "was saved with other content than the file that was checked"
    unknown = f'is in a state that is not known ("{quoted(binding.state)}")'
    return _STATES.get(binding.state, unknown)


def _elsewhere(binding: Binding) -> str:
    """Where the id was saved, when it was not here."""
    here, mark = (binding.account or "").partition("#")[::2]
    for account in binding.elsewhere:
        if account is None:
            continue
        host = account.partition("#")[0]
        if mark and host == here:
            return (
                "was saved with another API key, so at another account of this provider or before the key was"
                " changed: nobody knows whether it holds this message here"
            )
        places = f'"{quoted(host)}", and not at "{quoted(here)}"'
        return f"was saved at another provider/account ({places}): what this one has under it nobody knows"
    if binding.elsewhere:
        return (
            "was saved before the ledger kept at which provider/account, which may be another than this one"
        )
    return ""


def _advice(target: RequestTarget, binding: Binding) -> str:
    """What to run, with this message and this id filled in."""
    path = shlex.quote(quoted(target.message.source))
    mms_id = shlex.quote(quoted(target.request.mms_id or "MMS-ID"))
    save = f"mmscheck save {path}"
    if binding.state in _DELETED:
        settle = f"`mmscheck delete {mms_id}` again finds out, or" if binding.state != "deleted" else "Or"
        return (
            f"Save the message anew with `{save}` and send the id it returns. {settle} "
            f"`mmscheck bind {mms_id} {path}`, where the provider lists the id still."
        )
    if binding.content is None:
        where = ", with the same --api-url and key as the send" if binding.elsewhere else ""
        return (
            f"Save the message with `{save}` and send the id it returns. If the provider holds this very "
            f"message under that id already: `mmscheck bind {mms_id} {path}`{where}. If it was saved through "
            "another ledger, name that with --ledger or MMSCHECK_LEDGER."
        )
    if binding.content != target.message.digest:
        return f"Send the file that was saved, or save this one with `{save}` and send the id it returns."
    if binding.state in _NO_WORD:
        return (
            "Send it again when the provider's notification N003 is in the ledger, or when somebody has seen "
            f"that encoding finished: `mmscheck bind {mms_id} {path} --encoded --reason ...`."
        )
    return f"Correct the audio or video, save it anew with `{save}`, and send the id it returns."


def as_saved(target: MediaTarget, _: NoParams) -> Result:
    """The file still is what it was when the message was saved."""
    binding = target.binding
    if binding is None:
        return inapplicable(NO_LEDGER)
    if binding.content is None:
        return inapplicable("the ledger does not know the mms-id, which another rule is about")
    url = stored_url(target.ref.url)
    saved = {digest for known, digest in binding.media if stored_url(known) == url}
    seen = target.observation
    if not isinstance(seen, Fetched):
        return cant_tell(explanation(seen), saved=sorted(saved))
    now = f"sha256:{seen.sha256}"
    if saved == {now}:
        return passed(sha256=now)
    return failed(saved=", ".join(sorted(saved)) or "not among the media that were saved", now=now)


CHECKS: tuple[Check, ...] = (
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
    Check(
        name="field-operator-id",
        target=TargetKind.MESSAGE,
        run=named_operator_id,
        reports=frozenset({"value"}),
    ),
    Check(name="request-ddm", target=TargetKind.REQUEST, run=ddm, reports=_FAULTS),
    Check(name="custom-texts", target=TargetKind.MESSAGE, run=custom_texts, reports=_FAULTS),
    Check(name="mms-id-bound", target=TargetKind.REQUEST, run=bound, reports=frozenset({"mms_id", "what"})),
    Check(name="media-as-saved", target=TargetKind.MEDIA, run=as_saved, reports=frozenset({"saved", "now"})),
)
"""Every check of the family."""
