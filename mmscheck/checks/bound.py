"""Checks of what the ledger knows: that the stored message is the one at hand, and its media still are.

What goes out is what the provider stored under the mms-id; the ledger has the digests of what was checked
when it was stored.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.base.redact import stored_url
from mmscheck.base.text import quoted
from mmscheck.checks.observed import explanation
from mmscheck.model.check import (
    Binding,
    Check,
    MediaTarget,
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
from mmscheck.model.words import Owner, TargetKind

NO_LEDGER = "no ledger is in use, so nothing is known of the mms-id"

_STATES: Mapping[str, str] = MappingProxyType(
    {
        "ready": "",
        "encoding": "is still being encoded by the provider: its notification N003 has not come",
        "saved": "was bound by hand, and nobody has said that the provider has finished encoding it",
        "corrupt": "was not encoded successfully and cannot be used",
    }
)
"""What each state means for a send; empty where it may go out."""

_LONGEST_PLACE = 500
"""Characters of a ledger's path or URL: cut short it would not say which one was asked."""

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
    Check(name="mms-id-bound", target=TargetKind.REQUEST, run=bound, reports=frozenset({"mms_id", "what"})),
    Check(name="media-as-saved", target=TargetKind.MEDIA, run=as_saved, reports=frozenset({"saved", "now"})),
)
"""What this family offers to rule files."""
