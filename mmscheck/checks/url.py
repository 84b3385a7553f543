"""The URL as written, and where its host name leads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv6Address

from mmscheck.base.networks import is_public
from mmscheck.base.redact import redact_text, redact_url
from mmscheck.base.text import quoted
from mmscheck.base.url import WebAddress, take_apart
from mmscheck.checks.evidence import MOST_KEPT, explanation, is_answered
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
    saying,
)
from mmscheck.model.observation import Hop, NotFetched, Observation, Reason
from mmscheck.model.words import MediaKind, TargetKind

# What no label may hold: to say it the other way round, with all of Unicode, takes 10 ms to compile.
_NO_LETTER = r"\x00-,./:-@\[-^`{-\x7f"
_LABEL = re.compile(rf"[^{_NO_LETTER}-](?:[^{_NO_LETTER}]{{0,61}}[^{_NO_LETTER}-])?")
_LONGEST_HOST = 253
_LAST_PORT = 65535
_MOST_SHOWN = 8
LONGEST_READ = 20_000
"""Characters of a URL that are looked at one by one; no server reads a longer one."""

_DOTS = frozenset({".", ".."})


def absolute(target: MediaTarget, _params: NoParams) -> Result:
    """Http or https, with a host and the full path to a file.

    White space around the URL is left to ``url-clean``.
    """
    parts = take_apart(target.ref.url.strip())
    problem = _not_absolute(parts)
    if problem:
        return failed(problem=problem)
    return passed(scheme=(parts.scheme or "").lower(), host=parts.host)


def _not_absolute(parts: WebAddress) -> str | None:
    if parts.scheme is None and parts.authority is None and not parts.path:
        return "it is empty"
    if parts.scheme is None or parts.scheme.lower() not in {"http", "https"}:
        return "it does not begin with http:// or https://"
    if parts.authority is None:
        return "there is no // after the scheme"
    return bad_host(parts) or _bad_path(parts.path)


def bad_host(parts: WebAddress) -> str | None:
    """What is wrong with host or port, as a clause; None when nothing is."""
    if not parts.host:
        return "there is no host name after //"
    if not _is_host(parts.host):
        return "what stands after // is no host name"
    if parts.port is None or parts.port == "":
        return None
    if re.fullmatch(r"[0-9]{1,5}", parts.port) and 1 <= int(parts.port) <= _LAST_PORT:
        return None
    return f"the port is no number from 1 to {_LAST_PORT}"


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_ipv6(host[1:-1])
    return len(host) <= _LONGEST_HOST and all(
        _LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")
    )


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text


def _bad_path(path: str) -> str | None:
    segments = re.sub("%2e", ".", path, flags=re.IGNORECASE).split("/")
    if not segments[-1]:
        return "it names no file: the path is empty or ends in /"
    if _DOTS & set(segments):
        return "the path holds . or .. as a folder, so it is not the full path to the file"
    return None


def clean(target: MediaTarget, _params: NoParams) -> Result:
    """Nothing in the URL that programs read differently: see the module ``unclean``."""
    if not target.ref.url:
        return inapplicable("the URL is empty")
    found = blemishes(target.ref.url[:LONGEST_READ])
    if not found and len(target.ref.url) > LONGEST_READ:
        return cant_tell(
            f"it is {len(target.ref.url):,} characters long, more than can be looked at one by one"
        )
    if found:
        more = f"; and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
        return failed({"problems": list(found[:MOST_KEPT])}, problems="; ".join(found[:_MOST_SHOWN]) + more)
    return passed(characters=len(target.ref.url))


def query_free(target: MediaTarget, _params: NoParams) -> Result:
    """No query string on the URL of a sound or a video."""
    if target.ref.kind not in {MediaKind.AUDIO, MediaKind.VIDEO}:
        return inapplicable("this is no audio or video URL")
    if take_apart(target.ref.url).query is not None:
        return failed()
    return passed()


def no_page(target: MediaTarget, _params: NoParams) -> Result:
    """The URL has no form that is known to lead to a page around the file, such as a share link."""
    page, fix = target.page
    if page:
        return failed({"page": page}, page=page, hint=fix)
    return passed()


def public(target: MediaTarget, _params: NoParams) -> Result:
    """Every address of every hop is public, or was allowed for this run.

    Which addresses are refused is decided where sockets are made; here it counts that each hop was
    looked up and none was refused. A chain that did not end leads to hops nobody has seen. Naming a proxy
    for the run hands it the guard: it is then asked what a name leads to. Where a proxy or an allowance made
    it pass, the message says so in place of the rule's title.
    """
    observation = target.observation
    if isinstance(observation, NotFetched) and observation.reason is Reason.ADDRESS_REFUSED:
        return _refused(observation)
    for number, hop in enumerate(observation.hops, start=1):
        if not (hop.resolved or hop.proxy):
            return cant_tell(f"the addresses of hop {number} are not known: {explanation(observation)}")
    if not is_answered(observation) or _stopped_at_proxy(observation):
        return cant_tell(f"not every hop was seen: {explanation(observation)}")
    guards = sorted({f"the proxy {hop.proxy}" for hop in observation.hops if hop.proxy})
    guarded = {"guarded_by": ", ".join(guards)} if guards else {}
    result = passed(addresses=[list(hop.resolved) for hop in observation.hops], **guarded)
    return saying(result, _not_public(observation.hops, guards))


def _not_public(hops: Sequence[Hop], guards: Sequence[str]) -> str:
    """What must be said in place of "every address is public"; nothing where that is so.

    An address that is not public by itself can only have been let through by an allowance.
    """
    if guards:
        chooses = "chooses" if len(guards) == 1 else "choose"
        who = f"{' and '.join(guards)} {chooses} the addresses"
        return f"Not looked at: {who}; it was named with --proxy or in mmscheck.toml."
    allowed = sorted({address for hop in hops for address in hop.resolved if not is_public(address)})
    if not allowed:
        return ""
    more = f" and {len(allowed) - _MOST_SHOWN} more" if len(allowed) > _MOST_SHOWN else ""
    which = quoted(", ".join(allowed[:_MOST_SHOWN])) + more
    them = "it" if len(allowed) == 1 else "them"
    return f"Not every address is public ({which}), but allow-net lets {them} through."


def _stopped_at_proxy(observation: Observation) -> bool:
    return isinstance(observation, NotFetched) and observation.reason is Reason.PROXY_FAILED


def _refused(observation: NotFetched) -> Result:
    final, number = observation.final, len(observation.hops)
    where = "" if number <= 1 else f", by redirect {number - 1} to {_shown(final)},"
    resolved = final.resolved if final else ()
    address = observation.detail or ", ".join(resolved) or "an address that is not public"
    return failed(
        {"hop": number, "resolved": list(resolved)},
        where=where,
        address=quoted(redact_text(address)),
    )


def _shown(hop: Hop | None) -> str:
    return quoted(redact_url(hop.url)) if hop else ""


_SPACE = re.compile(r"\s+")
_DOUBLE = re.compile(r"%25[0-9A-Fa-f]{2}")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_ALLOWED = frozenset('"<>^`{|}')
_CONTROL_NAMES = {"\t": "tab", "\n": "line feed", "\r": "carriage return", " ": "space"}


def blemishes(url: str) -> tuple[str, ...]:
    """Each fault with the character it is at, counting from 1; parts that may be secret are not shown."""
    return (
        *_spaces(url),
        *_characters(url),
        *_parts(url),
        *_at(_DOUBLE, url, "double encoding (%25 before two hexadecimal digits)"),
        *_at(_BAD_PERCENT, url, "a % that is not followed by two hexadecimal digits"),
    )


def _spaces(url: str) -> Iterable[str]:
    for match in _SPACE.finditer(url):
        place = "before" if match.start() == 0 else "after" if match.end() == len(url) else "inside"
        yield f"white space {place} the URL ({_run(match.group())}) at character {match.start() + 1}"


def _run(text: str) -> str:
    names = dict.fromkeys(_CONTROL_NAMES.get(char, _code_point(char)) for char in text)
    return f"{', '.join(names)}; {len(text)} in a row" if len(text) > 1 else next(iter(names))


def _characters(url: str) -> Iterable[str]:
    for position, char in enumerate(url, start=1):
        if char.isspace():
            continue
        if unicodedata.category(char) == "Cc":
            yield f"control character {_code_point(char)} at character {position}"
        elif char == "\\":
            yield f"a backslash at character {position}"
        elif char in _NOT_ALLOWED:
            yield f"{char} at character {position}, which must be percent-encoded"
        elif not char.isascii():
            yield f"non-ASCII {_code_point(char)} at character {position}, which must be encoded"


def _code_point(char: str) -> str:
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()


def _parts(url: str) -> Iterable[str]:
    parts = take_apart(url)
    if parts.authority is not None and "@" in parts.authority:
        yield "a user name or password before the host name"
    if parts.fragment is not None:
        yield f"a fragment (#) at character {url.index('#') + 1}"


def _at(pattern: re.Pattern[str], url: str, words: str) -> Iterable[str]:
    return (f"{words} at character {match.start() + 1}" for match in pattern.finditer(url))


CHECKS: tuple[Check, ...] = (
    Check(
        name="url-absolute",
        target=TargetKind.MEDIA,
        run=absolute,
        reports=frozenset({"problem"}),
        static=True,
    ),
    Check(name="url-clean", target=TargetKind.MEDIA, run=clean, reports=frozenset({"problems"}), static=True),
    Check(
        name="url-no-page",
        target=TargetKind.MEDIA,
        run=no_page,
        reports=frozenset({"page", "hint"}),
        static=True,
    ),
    Check(name="url-query-free", target=TargetKind.MEDIA, run=query_free, static=True),
    Check(name="url-public", target=TargetKind.MEDIA, run=public, reports=frozenset({"where", "address"})),
)
"""Every check of the family."""
