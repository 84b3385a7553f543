"""What an exchange that broke off means: nothing was sent, or nobody knows."""

from __future__ import annotations

import os
from types import SimpleNamespace

import aiohttp

from mmscheck.model.send import CallKind, SendResult, SendStatus
from mmscheck.sinch.outcome import tidy, unknown


class Stage:
    """How far one exchange has come; aiohttp's own trace signals move it on.

    A connection counts as never made only when it was seen to begin and was not seen to stand, so that a
    signal that fails to come can only make an outcome more uncertain.
    """

    def __init__(self) -> None:
        """Nothing has begun."""
        self._began = False
        self._stands = False

    @property
    def never_connected(self) -> bool:
        """Whether it is certain that no byte of the request was written."""
        return self._began and not self._stands

    def begin(self) -> None:
        """A connection is about to be made."""
        self._began = True

    def stand(self) -> None:
        """The connection stands, or more than that."""
        self._stands = True


def tracing() -> aiohttp.TraceConfig:
    """The trace configuration that reports each request to the stage given as its ``trace_request_ctx``."""
    config = aiohttp.TraceConfig()
    config.on_connection_create_start.append(_begin)
    config.on_connection_create_end.append(_stand)
    config.on_connection_reuseconn.append(_stand)
    config.on_request_headers_sent.append(_stand)
    return config


async def _begin(_session: object, given: SimpleNamespace, _signal: object) -> None:
    given.trace_request_ctx.begin()


async def _stand(_session: object, given: SimpleNamespace, _signal: object) -> None:
    given.trace_request_ctx.stand()


def broken_off(error: Exception, stage: Stage, timeout: float, api_key: str, call: CallKind) -> SendResult:
    """The result of a call that ended in this exception; ``timeout`` is in seconds."""
    why = tidy(why_broken_off(error, stage, timeout), api_key)
    if stage.never_connected:
        return SendResult(
            status=SendStatus.NOT_ATTEMPTED,
            detail=f"The provider was never reached: {why}. Nothing was {call.done}.",
        )
    return unknown(call, f"The request was on its way when {why}.")


def why_broken_off(error: Exception, stage: Stage, timeout: float) -> str:
    """What ended an exchange before its answer, as a clause; ``timeout`` is in seconds."""
    return _unreached(error, timeout) if stage.never_connected else _interrupted(error, timeout)


def _unreached(error: Exception, timeout: float) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            problem = error.certificate_error
            return f"the TLS certificate of {error.host} is not valid ({_certificate(problem)})"
        case aiohttp.ClientConnectorSSLError():
            return f"the TLS handshake with {error.host} failed"
        case aiohttp.ClientConnectorDNSError():
            return f"the host name {error.host} could not be looked up"
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}:{error.port} ({_system(error)})"
        case TimeoutError():
            return f"no connection within {timeout:g} seconds"
        case _:
            return f"no connection ({type(error).__name__})"


def _system(error: OSError) -> str:
    """The system's own words for an error number; what asyncio puts into strerror is not them."""
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


def _certificate(problem: Exception) -> str:
    return str(getattr(problem, "verify_message", "") or type(problem).__name__)


def _interrupted(error: Exception, timeout: float) -> str:
    match error:
        case TimeoutError():
            return f"the time limit of {timeout:g} seconds passed"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ClientResponseError():
            return "something that is not HTTP came back"
        case aiohttp.ClientConnectionError() | OSError():
            return "the connection was closed before an answer came"
        case _:
            return f"the answer could not be taken in ({type(error).__name__})"
