"""Why a TLS handshake failed, in words that stand for OpenSSL's; each reads as the end of a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from mmscheck.base.framing import Framing, read_framing
from mmscheck.model.facts import Decoded, Preview
from mmscheck.model.words import Because


class Reason(StrEnum):
    """Why a URL gave no whole file; each value reads as the end of "could not be fetched: "."""

    INVALID_URL = "invalid URL"
    ADDRESS_REFUSED = "address not public"
    DNS_NOT_FOUND = "host name does not exist"
    DNS_FAILED = "host name lookup failed"
    REFUSED = "connection refused"
    UNREACHABLE = "network unreachable"
    RESET = "connection closed by the server"
    TLS_CERTIFICATE = "TLS certificate not valid"
    TLS_HANDSHAKE = "TLS handshake failed"
    TIMED_OUT = "timed out"
    TOO_SLOW = "slower than the minimum throughput"
    PROXY_FAILED = "the proxy failed"
    DEADLINE = "the deadline of the whole check passed"
    LENGTH_AND_CHUNKED = "both Content-Length and chunked Transfer-Encoding"
    TWO_LENGTHS = "two different Content-Length values"
    SHORT_BODY = "body shorter than its Content-Length"
    MALFORMED_HTTP = "malformed HTTP"
    TOO_LARGE = "larger than the fetch cap"
    BAD_STATUS = "HTTP status other than 200"
    BUSY = "the server asked to come back later"
    REDIRECT_LOOP = "redirect loop"
    TOO_MANY_REDIRECTS = "too many redirects"
    INSECURE_REDIRECT = "redirect from https to http"
    BAD_REDIRECT = "redirect without a usable Location"
    NOT_LOOKED = "not looked at"
    OFFLINE = "not fetched: lint is offline"
    NO_LOCAL_FILE = "no local file"
    INTERNAL = "internal error while fetching"


REASONS: Mapping[Reason, str] = MappingProxyType(
    {reason: reason.name.lower().replace("_", "-") for reason in Reason}
)
"""Each reason in a word, as rule files name it."""


class AnomalyKind(StrEnum):
    """Something on the wire that HTTP clients hide, forgive or disagree about; each reads as a phrase."""

    BARE_LF = "a line of the head that ends in LF alone"
    OBS_FOLD = "a header folded over several lines (obs-fold)"
    SPACED_NAME = "white space around a header's name"
    NOT_A_HEADER = "a header line without a colon, or whose name is no token"
    CONTROL_CHARACTER = "a control character in a header"
    STATUS_LINE = "a status line that is not HTTP/1.0 or HTTP/1.1"
    NOT_HTTP = "no HTTP head before the content"
    HEAD_TOO_LARGE = "a response head larger than 64 KiB"
    TOO_MANY_HEADERS = "more than 100 header lines"
    LENGTH_AND_CHUNKED = "both Content-Length and Transfer-Encoding"
    TWO_LENGTHS = "two different lengths"
    REPEATED_LENGTH = "the length stated more than once"
    BAD_LENGTH = "a length that is not a plain number"
    BAD_CHUNK = "an invalid chunk size or chunk end"
    TRAILERS = "header fields after the last chunk (trailers)"
    EXCESS = "data after the end of the body"
    INFORMATIONAL = "an interim (1xx) response before the answer"
    RANGE_UNASKED = "Content-Range, although no range was asked for"
    NOT_MODIFIED_UNASKED = "304 Not Modified to an unconditional request"


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One oddity and the raw lines that show it (ISO-8859-1, cut to what is fit for a report)."""

    kind: AnomalyKind
    seen: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when a certificate that was accepted is valid, in seconds since the epoch.

    It is the one of the chain that ends first; ``intermediate`` says that it is not the server's own.
    """

    begins: float
    ends: float
    intermediate: bool = False


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One request and the response head as received.

    ``headers`` are the raw names and values in order of arrival (ISO-8859-1); of a very long head, lines that
    nothing depends on may be missing, and ``left_out`` counts them. ``address`` is the peer that was dialled;
    ``resolved`` every address the name resolved to. ``status`` is None when no response head came.
    ``tls_error`` holds the verification message when the certificate was refused. ``line`` is the status line
    as received; ``anomalies`` what was odd about head and framing. ``proxy`` is the URL of the proxy asked,
    without a login: ``address`` is then the proxy's, ``resolved`` unknown.
    ``certificate`` is how long the chain of an https server is valid.
    """

    url: str
    status: int | None = None
    http_version: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    address: str | None = None
    resolved: tuple[str, ...] = ()
    tls_error: str | None = None
    line: str = ""
    proxy: str | None = None
    anomalies: tuple[Anomaly, ...] = ()
    left_out: int = 0
    certificate: Certificate | None = None

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of the header ``name``, compared without regard to case, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def framing(self) -> Framing:
        """What the headers say of the length and the codings of the body."""
        return read_framing(self.headers)


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from the start of the decisive attempt to its first byte and to its end."""

    first_byte: int | None = None
    total: int


class ProbeName(StrEnum):
    """The further requests that may follow the first, whole one, by what they ask differently."""

    GZIP = "accepting gzip"
    COLD = "past the cache"
    BROWSER = "as a browser"
    WEBP = "accepting WebP"
    IPV4 = "over IPv4"
    IPV6 = "over IPv6"
    REPEAT = "once more"


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What came back when the same URL was asked for in another way, after the first whole answer.

    ``size`` and ``sha256`` are None when only the head was read. ``reason`` says why no answer came, as for
    `NotFetched`; ``skipped`` why the request was not made at all, ``broken`` that mmscheck itself failed,
    ``sampled`` that enough files like this one were asked for in its place.
    """

    name: ProbeName
    hops: tuple[Hop, ...] = ()
    size: int | None = None
    sha256: str | None = None
    timing_ms: Timing | None = None
    reason: Reason | None = None
    detail: str = ""
    skipped: str = ""
    broken: bool = False
    sampled: bool = False

    @property
    def final(self) -> Hop | None:
        """The last hop tried, or None when no request was made."""
        return self.hops[-1] if self.hops else None


BYTE_WITNESSES = frozenset({"libmagic", "pillow", "ffmpeg", "mutagen", "content"})
"""The witnesses that look at the bytes; one that is not listed proves nothing."""


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """What one way of determining a type said: a media type, or None when it could not."""

    name: str
    type: str | None
    detail: str = ""


class Sniffed(msgspec.Struct, frozen=True, kw_only=True):
    """The type of the bytes, which witness decided it, and what every witness asked said.

    ``problem`` is set when the bytes could not be looked at safely (a worker died or timed out); ``fault`` is
    the traceback beside it where mmscheck itself is at fault. ``start`` are the first bytes, whatever they
    are (at most 1,024, ISO-8859-1), for recognising what was put around or in place of a file; it is in no
    report. ``lost`` is what became of the worker, where that is known.
    """

    type: str | None
    witness: str | None = None
    witnesses: tuple[Witness, ...] = ()
    web_page: bool = False
    problem: str | None = None
    fault: str = ""
    start: str = ""
    lost: Because | None = None

    @property
    def shown(self) -> str | None:
        """The type that the bytes themselves showed; None when nothing, or only a name, suggests one."""
        return self.type if self.problem is None and self.witness in BYTE_WITNESSES else None


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What the workers made of a whole file: its type, and its facts where there is a decoder for it.

    ``preview`` is there only when one was asked for and could be made.
    """

    sniffed: Sniffed
    decoded: Decoded | None = None
    preview: Preview | None = None


class Fetched(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="fetched"):
    """A 200 response that came back whole; without hops it is a local file, which nobody has served yet.

    ``size`` is bytes of body after transfer decoding; ``excess`` is bytes seen on the wire beyond the
    stated length, ``continuing`` how many bytes of all that came continue a character of UTF-8 where there
    were such; ``decoded`` is what a decoder found, None when no decoder is for this type. ``probes`` are
    the further requests, in the order of their making. ``excerpt`` is the beginning of a body that is text
    (at most 2,048 characters, ISO-8859-1), for recognising pages; it is in no report. ``cached_at`` is when
    (RFC 3339, UTC) a result that was kept was made, None for one of this run. ``preview`` is a likeness for
    people, where one was asked for and could be made; it is no part of what is judged.
    """

    url: str
    hops: tuple[Hop, ...]
    size: int
    sha256: str
    timing_ms: Timing
    sniffed: Sniffed
    excess: int = 0
    continuing: int = 0
    attempts: int = 1
    decoded: Decoded | None = None
    probes: tuple[Probe, ...] = ()
    excerpt: str = ""
    cached_at: str | None = None
    preview: Preview | None = None

    @property
    def final(self) -> Hop | None:
        """The hop that answered with the file, or None for a local file."""
        return self.hops[-1] if self.hops else None


class NotFetched(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="not-fetched"):
    """No whole file: the reason, what exactly happened, and how far it got.

    ``received`` is the number of body bytes that did arrive, where any were counted. ``probes`` and
    ``excerpt`` (of whatever body came, also with another status than 200) as for `Fetched`.
    """

    url: str
    reason: Reason
    detail: str = ""
    hops: tuple[Hop, ...] = ()
    received: int | None = None
    timing_ms: Timing | None = None
    attempts: int = 1
    probes: tuple[Probe, ...] = ()
    excerpt: str = ""

    @property
    def final(self) -> Hop | None:
        """The last hop tried, or None when no request was made."""
        return self.hops[-1] if self.hops else None

    @property
    def explanation(self) -> str:
        """The reason and its detail in one phrase."""
        return f"{self.reason.value} ({self.detail})" if self.detail else self.reason.value


UNSEEN = frozenset({Reason.OFFLINE, Reason.NO_LOCAL_FILE})
"""Reasons that only a run without a network gives; whatever has one of them can permit nothing."""

Observation = Fetched | NotFetched
"""What came back for one URL."""
