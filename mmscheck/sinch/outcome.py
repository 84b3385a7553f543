"""What an answer proves about a send; whatever proves nothing is ``unknown``.

Only two things are proof: a clear success, and a clear failure with a code that is known to mean "not sent".
"""

from __future__ import annotations

import msgspec

from mmscheck.base.known_secret import KnownSecret
from mmscheck.base.phone import another_number
from mmscheck.base.text import one_line
from mmscheck.model.request import SendRequest, SendResult, SendStatus
from mmscheck.sinch.answers import Answer, Unparseable
from mmscheck.sinch.codes import CodeClass, explain
from mmscheck.sinch.documents import REDACTED

DO_NOT_REPEAT = (
    "It may have been sent: do not repeat it before a delivery report or the provider has told how it ended."
)
"""What to do after an unknown outcome."""

LONGEST_INFO = 300
"""Characters of the provider's own words that are kept."""

_SUCCESSFUL = range(200, 300)
_REDIRECT = range(300, 400)
_SERVER_ERROR = 500


def judge(answer: Answer | Unparseable, http_status: int, request: SendRequest, api_key: str) -> SendResult:
    """The result of a send that was answered; the key is removed wherever the answer repeats it."""
    if http_status in _REDIRECT:
        return unknown(
            f"The provider answered with a redirect (HTTP {http_status}), never followed.", http_status
        )
    if isinstance(answer, Unparseable):
        reason = f"The provider's answer (HTTP {http_status}) could not be read: {answer.reason}."
        return unknown(reason, http_status)
    answer = without_key(answer, api_key)
    status, detail = _decide(answer, http_status, request)
    return SendResult(
        status=status,
        detail=tidy(detail, api_key),
        tracking_id=_shown(answer.tracking_id, api_key),
        mms_id=_shown(answer.mms_id, api_key),
        error_code=_shown(answer.error_code, api_key),
        error_info=_shown(answer.error_info, api_key),
        http_status=http_status,
    )


def unknown(reason: str, http_status: int | None = None) -> SendResult:
    """A send that may have happened, and why nobody can tell."""
    return SendResult(status=SendStatus.UNKNOWN, detail=f"{reason} {DO_NOT_REPEAT}", http_status=http_status)


def without_key(answer: Answer, api_key: str) -> Answer:
    """The answer with the provider's own words tidied, and only then cut: half a key is one, too."""
    return msgspec.structs.replace(answer, error_info=_shown(answer.error_info, api_key))


def tidy(text: str, api_key: str) -> str:
    """The text on one line, escaped, and without the key, however it is spelled."""
    return one_line(KnownSecret(api_key).hidden(text, REDACTED))


def _shown(text: str | None, api_key: str) -> str | None:
    return None if text is None else tidy(text, api_key)[:LONGEST_INFO]


def _decide(answer: Answer, http_status: int, request: SendRequest) -> tuple[SendStatus, str]:
    if doubt := _doubt(answer, http_status, request):
        return SendStatus.UNKNOWN, f"{doubt} {DO_NOT_REPEAT}"
    if answer.success:
        return SendStatus.ACCEPTED, _accepted(answer)
    return _refused(answer)


def _doubt(answer: Answer, http_status: int, request: SendRequest) -> str | None:
    """Why this answer proves nothing, or None when it is clear."""
    if http_status >= _SERVER_ERROR:
        return f"The provider answered with a server error (HTTP {http_status}{_code(answer)})."
    if other := _other_send(answer, request):
        return f"The provider's answer{_code(answer)} is about another send: {other}."
    if odd := contradiction(answer, http_status):
        return f"The provider {odd}{_code(answer)}."
    return None


def contradiction(answer: Answer, http_status: int) -> str | None:
    """What does not fit together within the answer, as a clause about the provider."""
    if answer.success is None:
        return f"answered (HTTP {http_status}) with neither success nor failure"
    if answer.success and http_status not in _SUCCESSFUL:
        return f"said success with HTTP status {http_status}"
    if answer.success and (answer.error_code or answer.error_info):
        return "said success and gave an error at once"
    if answer.success and answer.inner_failure:
        return "said success, and within it that something failed"
    if not answer.success and answer.tracking_id:
        return "said failure and gave a tracking id at once"
    return None


def _other_send(answer: Answer, request: SendRequest) -> str | None:
    if answer.mms_id and answer.mms_id != (request.mms_id or "").strip():
        return "it names another mms-id"
    if another_number(answer.to, request.to):
        return "it names another recipient"
    return None


def _code(answer: Answer) -> str:
    return f", {answer.error_code}" if answer.error_code else ""


def _accepted(answer: Answer) -> str:
    if answer.tracking_id:
        return f"The provider accepted the message and queued it (tracking id {answer.tracking_id})."
    return (
        "The provider accepted the message but gave no tracking id: match its delivery report by recipient "
        "and mms-id, and do not repeat the send."
    )


def _refused(answer: Answer) -> tuple[SendStatus, str]:
    if not answer.error_code:
        return SendStatus.UNKNOWN, f"The provider said failure without an error code. {DO_NOT_REPEAT}"
    code = explain(answer.error_code)
    words = f" The provider's words: {answer.error_info}" if answer.error_info else ""
    if code is None:
        lead = f"The provider failed with {answer.error_code}, which is documented nowhere."
        return SendStatus.UNKNOWN, f"{lead} {DO_NOT_REPEAT}{words}"
    if code.kind is CodeClass.UNKNOWN:
        return SendStatus.UNKNOWN, f"{code.code}: {code.meaning}. {DO_NOT_REPEAT}{words}"
    lead = f"The provider refused with {code.code}: {code.told}. Nothing was sent."
    if code.kind is CodeClass.RETRY:
        return SendStatus.REFUSED, f"{lead} It is safe to send again a little later.{words}"
    return SendStatus.REFUSED, f"{lead} Mend that first; it is safe to send again then.{words}"
