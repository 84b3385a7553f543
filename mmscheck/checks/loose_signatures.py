"""Signatures of no scheme that is known by all its parameters: by an expiry, or by a signature alone.

What counts as an expiry, in any case of the name:

- ``exp``, ``expire``, ``expires``, ``expires_at``, ``expiry``, ``expiration``, ``valid_until`` and ``se``
  with seconds or milliseconds since the epoch, or an ISO 8601 time; ``e``, ``ex`` and ``oe`` with seconds or
  milliseconds. Only from 2000 to 2100, so that other numbers are none; beside a signature also later ones.
- ``oe`` (Facebook), and ``ex`` beside ``hm`` or ``is`` (Discord), with seconds in eight hexadecimal digits.
- ``exp`` or ``expires`` among ``name=value`` fields joined by ``~``, as the tokens of Akamai (``hdnts``,
  ``hdnea``, ``__token__``), Cloudinary and Google's Media CDN have them.
- ``exp:`` or ``expires:`` with seconds as a segment of the path, as imgproxy's URLs have it.

What counts as a signature whose end cannot be read: ``sig``, ``sign``, ``signature`` and ``hmac`` with at
least 16 characters of a token, ``token`` and ``policy`` with at least 24 that are no UUID (Firebase's
permanent tokens are), a ``~`` token with ``hmac``, Alibaba CDN's ``auth_key``, the ``verify`` of Cloudflare's
token authentication and the ``Authorization`` of Backblaze B2. Versions, hashes of the
content, ids and imgix's ``s``, which holds forever unless ``expires`` stands beside it, are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mmscheck.checks.signed_values import (
    Parameter,
    Query,
    Unclear,
    Validity,
    basic_time,
    extended_time,
    is_web_token,
)

_SPELLED = frozenset({"expire", "expires", "expires_at", "expires-at", "expiresat", "expiry", "expiration"})
_WRITTEN = _SPELLED | {"exp", "valid_until", "validuntil", "se"}
_COUNTED = frozenset({"e", "ex", "oe"})
_BESIDE = ("Signature", "sig", "sign", "md5", "token", "hash", "hmac", "s", "hm", "policy")
"""Names that make an expiry beside them one that must be read."""

_FIRST, _LAST = 946_684_800, 4_102_444_800
"""Seconds: the beginnings of the years 2000 and 2100."""

_FARTHEST = 253_402_300_799
"""Seconds: the end of the year 9999."""

_MILLISECONDS = 1000
_NUMBER = re.compile(r"[0-9]{9,13}(?:\.[0-9]{1,9})?")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{8}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}Z")

_SHORT_SIGNATURE = re.compile(r"[A-Za-z0-9+/_=.~ -]{16,}")
_LONG_SIGNATURE = re.compile(r"[A-Za-z0-9+/_=.~ -]{24,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SIGNATURES = {
    **dict.fromkeys(("sig", "sign", "signature", "hmac"), _SHORT_SIGNATURE),
    **dict.fromkeys(("token", "policy"), _LONG_SIGNATURE),
}
_ALIBABA = re.compile(r"[0-9]{10}-[^-]*-[^-]*-[0-9a-f]{32}", re.IGNORECASE)
_CLOUDFLARE = re.compile(r"[0-9]{10}-[A-Za-z0-9+/_=-]{27,}")
"""The time of signing and a digest; for how long it holds stands in a rule at Cloudflare."""

_B2 = re.compile(r"[0-9]_[0-9]{14}_[0-9a-f]+_[A-Za-z0-9_]+")
"""What b2_get_download_authorization gives out, for at most a week."""

_IMGPROXY = re.compile(r"(?:exp|expires):([0-9]{9,12})")
_EDGE = "token with exp"


def expiries(query: Query) -> Iterable[Validity]:
    """What every parameter says that looks like an expiry."""
    signed = any(query.has(name) for name in _BESIDE)
    for name in dict.fromkeys(each.name.removeprefix("amp;").lower() for each in query.parameters):
        if name not in _WRITTEN | _COUNTED:
            continue
        found = query.all(name)
        try:
            ends = [end for value in found if (end := _end(name, value, query, signed=signed)) is not None]
        except Unclear as unclear:
            yield Validity(scheme=name, doubt=str(unclear))
            continue
        if ends:
            twice = f"the parameter {name} is given {len(found)} times" if len(found) > 1 else ""
            yield Validity(scheme=name, ends=None if twice else ends[0], doubt=twice)


def _end(name: str, value: str, query: Query, *, signed: bool) -> float | None:
    """The moment the value states; None when it is none. Raises `Unclear`."""
    if name == "oe" or (name == "ex" and (query.has("hm") or query.has("is"))):
        end = float(int(value, 16)) if _HEXADECIMAL.fullmatch(value) else _counted(value)
    else:
        end = _counted(value) if name in _COUNTED else _written(name, value, signed=signed)
    last = _FARTHEST if signed and name in _WRITTEN else _LAST
    if end is not None and _FIRST <= end <= last:
        return end
    if signed and name in _SPELLED:
        raise Unclear(f"{name} is no plain number of seconds since the epoch and no time of ISO 8601")
    return None


def _counted(value: str) -> float | None:
    if _NUMBER.fullmatch(value) is None:
        return None
    return float(value) / _MILLISECONDS if float(value) > _FARTHEST else float(value)


def _written(name: str, value: str, *, signed: bool) -> float | None:
    try:
        if _DATE.match(value):
            return extended_time(name, value)
        return basic_time(name, value) if _BASIC.fullmatch(value) else _counted(value)
    except Unclear:
        # A name that is spelled out and a date are enough; exp= may name an experiment.
        if signed or name in _SPELLED:
            raise
        return None


def edge_tokens(query: Query) -> Iterable[Validity]:
    """What every token of fields joined by ``~`` says."""
    for each in query.tokens:
        fields = [field.partition("=")[::2] for field in each.value.split("~")]
        if any(_marks_token(name, value) for name, value in fields):
            try:
                yield _edge_token(fields)
            except Unclear as unclear:
                yield Validity(scheme=_EDGE, doubt=str(unclear))


def path_ends(query: Query) -> Iterable[Validity]:
    """What every segment of the path says that is an option of imgproxy on the end."""
    for each in query.tokens:
        found = _IMGPROXY.fullmatch(each.value) if each.name == "path" else None
        if found:
            yield Validity(scheme="imgproxy", ends=float(found[1]))


def _marks_token(name: str, value: str) -> bool:
    return name == "hmac" or (name in {"exp", "Expires"} and _FIRST <= (_counted(value) or 0) <= _LAST)


def _edge_token(fields: list[tuple[str, str]]) -> Validity:
    stated = [value for name, value in fields if name.lower() in {"exp", "expires"}]
    if len(stated) != 1:
        raise Unclear(f"its end is given {len(stated)} times")
    begun = [value for name, value in fields if name in {"st", "Starts"}]
    bound = any(name == "ip" for name, _ in fields)
    return Validity(
        scheme=_EDGE,
        ends=_moment("exp", stated[0]),
        starts=max((_moment("st", value) for value in begun), default=None),
        doubt="whether the provider has the address it is bound to (ip)" if bound else "",
    )


def _moment(name: str, value: str) -> float:
    moment = _counted(value)
    if moment is None:
        raise Unclear(f"{name} is no plain number of seconds")
    return moment


def unread(query: Query) -> Iterable[Validity]:
    """The first signature that nothing in the query says the end of."""
    for each in query.parameters:
        if doubt := _doubt(each):
            yield Validity(scheme=each.name.removeprefix("amp;").lower(), doubt=doubt)
            return


def _doubt(parameter: Parameter) -> str:
    name, value = parameter.name.removeprefix("amp;").lower(), parameter.value
    if name == "auth_key" and _ALIBABA.fullmatch(value):
        return "whether its time is that of signing or that of the end, which is set at the CDN"
    if name == "verify" and _CLOUDFLARE.fullmatch(value):
        return "how long after its time of signing it holds, which is set at the CDN"
    if name == "authorization" and _B2.fullmatch(value):
        return "how long it holds, which is a week at most"
    shape = _SIGNATURES.get(name)
    if shape is None or not shape.fullmatch(value) or _UUID.fullmatch(value) or is_web_token(value):
        return ""
    return "no other parameter is known as its end"
