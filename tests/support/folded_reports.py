"""A report in which most findings follow from others: three servers, each with one fault."""

from __future__ import annotations

from typing import Any

from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.report import Evaluation, ServerAdvice
from mmscheck.model.words import Because, MediaKind, Outcome, Owner, Severity
from mmscheck.report import View
from mmscheck.servers.recognition import join_fix
from tests.support.reports import MESSAGE, deny, evaluation, fetched, judged, medium, message, report

_HOST = "http://media.example.com"
CHUNKED, PAGE, GONE = f"{_HOST}/a.jpg", f"{_HOST}/login", "https://old.example.org/c.mp4"
_CODES = ("E351", "E352", "E353", "E355", "E356", "E357", "E358")
_UNSEEN = (
    *("url-public", "redirect-safe", "content-length", "not-chunked", "media-type-known", "media-size"),
    *("video-decodes", "not-a-web-page"),
)
_WHY = "TLS certificate not valid (it ended on 2026-11-01)"


def _failed(rule: str, at: int, url: str, said: str, **values: Any) -> Evaluation:
    known = {"owner": Owner.HOSTING, "provider_codes": _CODES, "fix": "Serve it as a plain file.", **values}
    return evaluation(
        rule, Outcome.FAILED, medium(at, at), url=url, line=at + 5, message=f"{url} {said}.", **known
    )


def _unseen(rule: str, **values: Any) -> Evaluation:
    reason = f"no file was answered: {_WHY}"
    known = {
        "owner": Owner.HOSTING,
        "url": GONE,
        "line": 8,
        "reason": reason,
        "because": Because.FILE,
        **values,
    }
    return evaluation(rule, Outcome.CANT_TELL, **{"target": medium(3, 3), **known})


def folded() -> View:
    """Chunks, a sign-in page with 200, and a certificate that ended; advice for one server on two of them."""
    advised = (ServerAdvice(name="nginx", words="Likely: A filter changes the file. Write sub_filter off."),)
    general = "Serve it as a plain file."
    fix: dict[str, Any] = {"general": general, "advice": advised, "fix": join_fix(general, advised)}
    whole = {"target": MESSAGE, "reason": f"{GONE} on slide 3: {_WHY}", "owner": Owner.CONTENT, "url": None}
    items = (
        evaluation("xml-well-formed", Outcome.PASSED),
        _unseen("message-size", **whole),
        _unseen("message-size-advised", severity=Severity.WARNING, **whole),
        _failed("content-length", 1, CHUNKED, "answered without Content-Length", **fix),
        _failed("not-chunked", 1, CHUNKED, "answered with Transfer-Encoding: chunked", **fix),
        _failed("length-under-gzip", 1, CHUNKED, "states no length to browsers", severity=Severity.WARNING),
        _failed("url-clean", 1, CHUNKED, "holds a fragment", **fix, owner=Owner.CONTENT),
        _failed("media-kind-matches", 2, PAGE, "is no image"),
        _failed("media-type-accepted", 2, PAGE, "is of a type that is not taken"),
        _failed("not-a-web-page", 2, PAGE, "answered with a web page", **fix),
        _failed("media-reachable", 3, GONE, f"could not be fetched: {_WHY}"),
        _failed("tls-valid", 3, GONE, "has a certificate that ended on 2026-11-01", fix="Renew it."),
        *(_unseen(rule) for rule in _UNSEEN),
    )
    refs = (
        MediaRef(url=CHUNKED, kind=MediaKind.IMAGE, slide=1, index=1, line=6),
        MediaRef(url=PAGE, kind=MediaKind.IMAGE, slide=2, index=2, line=7),
        MediaRef(url=GONE, kind=MediaKind.VIDEO, slide=3, index=3, line=8),
    )
    gone = NotFetched(url=GONE, reason=Reason.TLS_CERTIFICATE, detail="it ended on 2026-11-01")
    seen: dict[str, Observation] = {
        CHUNKED: fetched(CHUNKED),
        PAGE: fetched(PAGE, content_type="text/html"),
        GONE: gone,
    }
    allowed = ("Media may live in the network 127.0.0.0/8 (allow-net).",)
    run = report(message("sale.xml", items, refs, seen), allowances=allowed)
    found = {Outcome.FAILED: "failed", Outcome.CANT_TELL: "could not be decided"}
    blocks = (item for item in items if item.outcome in found and item.severity is Severity.ERROR)
    reasons = (f"{item.rule} (somewhere) {found[item.outcome]}" for item in blocks)
    return View(report=run, verdict=judged(run, 1, deny("sale.xml", *reasons)))
