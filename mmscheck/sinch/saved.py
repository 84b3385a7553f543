"""What an answer proves about a save; whatever proves nothing is ``unknown``.

A save reaches no phone, so one of unknown outcome may be made again: at worst the provider keeps a message
that nobody uses.
"""

from __future__ import annotations

from mmscheck.model.request import SendResult, SendStatus
from mmscheck.sinch.answers import Answer, Unparseable
from mmscheck.sinch.codes import CodeClass, explain
from mmscheck.sinch.outcome import LONGEST_INFO, contradiction, tidy, without_key

MAY_REPEAT = (
    "It may have been saved, and nobody knows its id. A save reaches no phone: it may be made again, and "
    "leaves at worst a stored message that nobody uses."
)
"""What to do after an unknown outcome."""

_REDIRECT = range(300, 400)
_SERVER_ERROR = 500


def judge_saved(answer: Answer | Unparseable, http_status: int, api_key: str) -> SendResult:
    """The result of a save that was answered; the key is removed wherever the answer repeats it."""
    if http_status in _REDIRECT:
        return unknown_save(
            f"The provider answered with a redirect (HTTP {http_status}), never followed.", http_status
        )
    if isinstance(answer, Unparseable):
        reason = f"The provider's answer (HTTP {http_status}) could not be read: {answer.reason}."
        return unknown_save(reason, http_status)
    answer = without_key(answer, api_key)
    status, detail = _decide(answer, http_status)
    return SendResult(
        status=status,
        detail=tidy(detail, api_key),
        mms_id=_shown(answer.mms_id, api_key),
        error_code=_shown(answer.error_code, api_key),
        error_info=_shown(answer.error_info, api_key),
        http_status=http_status,
        may_repeat=status is SendStatus.UNKNOWN,
    )


def unknown_save(reason: str, http_status: int | None = None) -> SendResult:
    """A save that may have happened, and why nobody can tell."""
    return SendResult(
        status=SendStatus.UNKNOWN,
        detail=f"{reason} {MAY_REPEAT}",
        http_status=http_status,
        may_repeat=True,
    )


def _shown(text: str | None, api_key: str) -> str | None:
    return None if text is None else tidy(text, api_key)[:LONGEST_INFO]


def _decide(answer: Answer, http_status: int) -> tuple[SendStatus, str]:
    if http_status >= _SERVER_ERROR:
        code = f", {answer.error_code}" if answer.error_code else ""
        return SendStatus.UNKNOWN, f"The provider failed (HTTP {http_status}{code}). {MAY_REPEAT}"
    if odd := contradiction(answer, http_status):
        return SendStatus.UNKNOWN, f"The provider {odd}. {MAY_REPEAT}"
    if answer.success and not answer.mms_id:
        return SendStatus.UNKNOWN, f"The provider said success and gave no mms-id. {MAY_REPEAT}"
    if answer.success:
        return SendStatus.ACCEPTED, f"The provider saved the message (mms-id {answer.mms_id})."
    return _refused(answer)


def _refused(answer: Answer) -> tuple[SendStatus, str]:
    words = f" The provider's words: {answer.error_info}" if answer.error_info else ""
    code = explain(answer.error_code or "")
    if code is None or code.kind is CodeClass.UNKNOWN:
        named = answer.error_code or "no error code"
        return SendStatus.UNKNOWN, f"The provider failed with {named}. {MAY_REPEAT}{words}"
    lead = f"The provider refused with {code.code}: {code.told}. Nothing was saved."
    if code.kind is CodeClass.RETRY:
        return SendStatus.REFUSED, f"{lead} Save it again a little later.{words}"
    return SendStatus.REFUSED, f"{lead} Mend that first, and save it again.{words}"
