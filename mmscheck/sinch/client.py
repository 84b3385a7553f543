"""The one POST: a permit in, the answer out, and never a second try.

What cannot be known is ``unknown``; only a connection that was never made is ``not-attempted``. Which of
the two an exception means is not guessed from its type but from how far the connection had come.
"""

from __future__ import annotations

import math
import os
import ssl
import time
from dataclasses import dataclass, field
from typing import Self

import msgspec

from mmscheck.base.spans import SpanKind, span
from mmscheck.errors import PermitError, UsageError
from mmscheck.model.request import (
    DELETE_CALL,
    SAVE_CALL,
    SEND_CALL,
    CallKind,
    DeleteRequest,
    OneShotRequest,
    SaveRequest,
    SendRequest,
    SendResult,
    Template,
)
from mmscheck.model.verdict import Permit
from mmscheck.model.words import Dialect
from mmscheck.sinch import DEFAULT_API_URL, DEFAULT_JSON_URL, NO_JSON_DELETE
from mmscheck.sinch.answers import MAX_ANSWER_BYTES, parse_answer, parse_json_answer
from mmscheck.sinch.bodies import request_body, save_body
from mmscheck.sinch.documents import delete_xml
from mmscheck.sinch.outcome import LONGEST_INFO, judge, tidy
from mmscheck.sinch.templates import (
    MAX_LISTING_BYTES,
    MAX_PAGES,
    Refused,
    TemplatePage,
    parse_page,
    templates_xml,
)
from mmscheck.sinch.transport import ConnectionStage, Transport, broken_off, provider_url, why_broken_off

_HEADERS = {
    Dialect.XML: {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml, application/xml"},
    Dialect.JSON: {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SinchClient:
    """A caller of the XML or the JSON service; holds the key, and shows it nowhere.

    It works by itself; who makes many calls opens it with ``async with`` around them, which costs less.
    ``timeout`` is seconds for the whole exchange; ``ca_file`` names certificates (PEM) that are trusted
    beside the system's. ``api`` is which service it is; by default the address is its own. Raises
    UsageError for an unusable address, key, time or file.
    """

    api_key: str = field(repr=False)
    api_url: str = DEFAULT_API_URL
    timeout: float = 30.0
    ca_file: str | os.PathLike[str] | None = None
    api: Dialect = Dialect.XML
    _transport: Transport = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse now what would otherwise be found out after a permit is spent."""
        _usable_key(self.api_key)
        if not (math.isfinite(self.timeout) and self.timeout > 0):
            raise UsageError(f"the provider's time limit must be above 0 seconds, not {self.timeout}")
        if self.api not in set(Dialect):
            raise UsageError(f"the provider's API is xml or json, not {self.api!a}")
        object.__setattr__(self, "api", Dialect(self.api))
        if self.api is Dialect.JSON and self.api_url == DEFAULT_API_URL:
            object.__setattr__(self, "api_url", DEFAULT_JSON_URL)
        headers = _HEADERS[self.api]
        if self.api is Dialect.JSON:
            headers = {**headers, "x-api-key": self.api_key}
        transport = Transport(provider_url(self.api_url), _trust(self.ca_file), self.timeout, headers)
        object.__setattr__(self, "_transport", transport)

    async def __aenter__(self) -> Self:
        """Share what many calls have in common until the end; each still has a connection of its own."""
        await self._transport.open()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Make no call on what was shared any more."""
        await self._transport.close()

    async def send_saved_mms(
        self, permit: Permit, request: SendRequest, now: float | None = None, *, reference: str | None = None
    ) -> SendResult:
        """Spend the permit on this request and make exactly one POST.

        ``now`` is seconds since the epoch, by default the clock. ``reference`` goes out as
        ``client-reference``, which the JSON service alone has. Raises UsageError when the request cannot be
        written and PermitError when the permit does not allow it; then no socket was opened. Cancelling this
        leaves the outcome unknown.
        """
        if isinstance(request, OneShotRequest):
            raise UsageError("a message that is sent at once is no stored one: send_mms sends it")
        document = request_body(request, self.api, self.api_key, reference)
        return await self._call(permit, request, document, SEND_CALL, now)

    async def send_mms(
        self,
        permit: Permit,
        request: OneShotRequest,
        now: float | None = None,
        *,
        reference: str | None = None,
    ) -> SendResult:
        """Spend the permit on this document and make exactly one POST; otherwise as ``send_saved_mms``."""
        document = request_body(request, self.api, self.api_key, reference)
        return await self._call(permit, request, document, SEND_CALL, now)

    async def save_mms(self, permit: Permit, save: SaveRequest, now: float | None = None) -> SendResult:
        """Spend the permit on this document and make exactly one POST; otherwise as ``send_saved_mms``."""
        document = save_body(save.document, self.api, self.api_key)
        return await self._call(permit, save, document, SAVE_CALL, now)

    async def _call(
        self,
        permit: Permit,
        request: SendRequest | SaveRequest,
        document: bytes,
        call: CallKind,
        now: float | None,
    ) -> SendResult:
        # A look-alike's redeem() would prove nothing.
        if type(permit) is not Permit:
            raise PermitError(f"a {call.name} needs a permit from the gate")
        permit.redeem(request.digest, time.time() if now is None else now)
        return await self._posted(request, document, call)

    async def _posted(
        self, request: SendRequest | SaveRequest | DeleteRequest, document: bytes, call: CallKind
    ) -> SendResult:
        known = {"server.address": provider_url(self.api_url).host or "", "mmscheck.api": self.api.value}
        with span(f"call {call.name}", known, SpanKind.CLIENT) as told:
            result = await self._answered(request, document, call)
            told.note({"mmscheck.status": result.status.value})
            return result

    async def _answered(
        self, request: SendRequest | SaveRequest | DeleteRequest, document: bytes, call: CallKind
    ) -> SendResult:
        stage = ConnectionStage()
        try:
            http_status, body = await self._transport.post(document, stage, MAX_ANSWER_BYTES)
        except Exception as error:  # noqa: BLE001 - raising would invite a second try of what may have been done
            return broken_off(error, stage, self.timeout, self.api_key, call)
        answer = parse_json_answer(body) if self.api is Dialect.JSON else parse_answer(body)
        return judge(answer, http_status, request, self.api_key)

    async def delete_mms(self, request: DeleteRequest) -> SendResult:
        """Make exactly one POST; it reaches no phone, and so takes no permit.

        Raises UsageError for the JSON service, of which no such call is documented, and for an id that cannot
        be written; then no socket was opened. Cancelling this leaves the outcome unknown.
        """
        if self.api is Dialect.JSON:
            raise UsageError(NO_JSON_DELETE)
        return await self._posted(request, delete_xml(request.mms_id, self.api_key), DELETE_CALL)

    async def template(self, mms_id: str) -> Template | Refused | None:
        """What the provider tells of a stored message, or None when it lists no such id; changes nothing.

        Asks for one page after the other, each once. Raises UsageError for the JSON service, of which no
        such call is documented.
        """
        if self.api is Dialect.JSON:
            raise UsageError("the list of stored messages (getMMSTemplates) exists in the XML API alone")
        listed = 0
        for number in range(1, MAX_PAGES + 1):
            page = await self._page(number)
            if isinstance(page, Refused):
                return page
            matches = [one for one in page.templates if one.mms_id == mms_id]
            if len(matches) > 1:
                return Refused(reason=f"the provider lists mms-id {mms_id!a} more than once")
            if matches:
                return matches[0]
            listed += len(page.templates)
            if not page.templates or (page.total is not None and listed >= page.total):
                return None
        return Refused(reason=f"the id was not among the first {MAX_PAGES} pages of the provider's list")

    async def _page(self, number: int) -> TemplatePage | Refused:
        stage = ConnectionStage()
        try:
            status, body = await self._transport.post(
                templates_xml(self.api_key, number), stage, MAX_LISTING_BYTES
            )
        except Exception as error:  # noqa: BLE001 - a broken list is told, whatever broke it
            why = tidy(why_broken_off(error, stage, self.timeout), self.api_key)
            return Refused(reason=f"the provider did not answer: {why}")
        page = parse_page(body, status)
        if isinstance(page, Refused):
            return msgspec.structs.replace(page, reason=tidy(page.reason, self.api_key)[:LONGEST_INFO])
        return page


def _usable_key(key: str) -> None:
    """Refuse a key that is no key, in words that do not repeat it."""
    if not key.strip():
        raise UsageError("the API key is empty")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError("the API key holds white space, control or non-ASCII characters")


def _trust(ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise UsageError(f"{os.fspath(ca_file)}: holds no certificate in PEM form") from None
    except OSError as error:
        raise UsageError(f"{os.fspath(ca_file)}: cannot be read: {error.strerror}") from None
    return context
