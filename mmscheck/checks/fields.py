"""Checks of the fields that documents of the JSON API have beside subject and slides.

Sources: Sinch JSON API, savemms and sendmms (pages of 2026, seen in excerpts). What the provider does with a
value that these leave open cannot be told.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import msgspec

from mmscheck.base.text import count, is_blank, listed, quoted
from mmscheck.checks.evidence import MOST_KEPT
from mmscheck.checks.phone_numbers import NUMBER_SHOWN, read, spelling
from mmscheck.model.check import (
    Check,
    MediaTarget,
    MessageTarget,
    NoParams,
    RequestTarget,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.mms import Field, Misfit, Mms
from mmscheck.model.words import TargetKind

FALLBACK, NO_FALLBACK, NO_LINK = "fallback-sms-text", "disable-fallback-sms", "disable-fallback-sms-link"
LINK_ENDS = "fallback-sms-link-expiration"
CACHE = "cache-content"


class OfField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The field that is looked at."""

    field: str


class Longest(OfField, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most characters a field may have."""

    maximum: int


class Latest(OfField, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days ahead a moment may be; ``utc``: without a zone it is in UTC."""

    days: int
    utc: bool


class Mask(OfField, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most characters of a mask, those that nobody disputes, and countries that take none (ISO)."""

    maximum: int
    sure: int
    barred: frozenset[str]


class Kinds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kinds of media that the API has a member for."""

    accepted: frozenset[str]


def fit(target: MessageTarget, _: NoParams) -> Result:
    """Every name is one that the JSON API documents, and every value of the type that goes with it."""
    misfits = target.message.misfits
    if not misfits:
        return passed(fields=len(target.message.fields))
    seen = [_as_seen(each) for each in misfits[:MOST_KEPT]]
    evidence = {**_at(misfits[0]), "misfits": seen, "count": len(misfits)}
    return failed(evidence, fields=listed([_misfit(each) for each in misfits]))


def _misfit(each: Misfit) -> str:
    name = quoted(each.pointer) or "the document"
    return f"{name} on line {each.line}, column {each.column} {each.what} (expected {quoted(each.expected)})"


def _as_seen(each: Misfit) -> dict[str, Any]:
    return {"what": each.what, "expected": quoted(each.expected), **_at(each)}


def _at(each: Misfit | Field) -> dict[str, Any]:
    return {"line": each.line, "column": each.column, "pointer": quoted(each.pointer)}


def kind_accepted(target: MediaTarget, params: Kinds) -> Result:
    """The API has a member for this kind of media."""
    kind = target.ref.kind.value
    return passed(kind=kind) if kind in params.accepted else failed(accepted=sorted(params.accepted))


def length(target: MessageTarget, params: Longest) -> Result:
    """The field says something, and has at most so many characters."""
    field = target.message.field(params.field)
    if field is None:
        return _absent(params)
    characters, size = len(field.text), len(field.text.encode("utf-8", "surrogatepass"))
    evidence = {"characters": characters, **_at(field)}
    if is_blank(field.text):
        return failed(evidence, field=params.field, what="is empty")
    if characters > params.maximum:
        what = f"has {count(characters, 'character')}, and the provider takes {params.maximum}"
        return failed(evidence, field=params.field, what=what)
    if size > params.maximum:
        return cant_tell(
            f"{params.field} has {count(characters, 'character')} and {size} bytes; whether the provider's"
            f" {params.maximum} are of characters or of bytes is not documented",
            **evidence,
        )
    return passed(**evidence)


def moment(target: MessageTarget, params: Latest) -> Result:
    """The field is a moment after the send and at most so many days after it."""
    field = target.message.field(params.field)
    if field is None:
        return _absent(params)
    found = _moment(field.text.strip(), params)
    if isinstance(found, Result):
        return msgspec.structs.replace(found, evidence={**found.evidence, **_at(field)})
    window = target.window
    if window is None:
        return cant_tell("it is not known when the message is to be sent", **_at(field))
    at = found.timestamp()
    if at <= window.closes:
        return _late(field, params, f"is {found:%Y-%m-%d %H:%M:%S %Z}, which is before the send is over")
    if at > window.opens + dt.timedelta(days=params.days).total_seconds():
        what = f"is {found:%Y-%m-%d %H:%M:%S %Z}, which is more than {params.days} days ahead"
        return _late(field, params, what)
    return passed(moment=f"{found:%Y-%m-%dT%H:%M:%SZ}", **_at(field))


def _late(field: Field, params: Latest, what: str) -> Result:
    return failed(_at(field), field=params.field, what=what)


_FORM = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)


def _moment(text: str, params: Latest) -> dt.datetime | Result:
    shaped = _FORM.fullmatch(text)
    try:
        read_as = dt.datetime.fromisoformat(text) if text.isascii() else None
    except ValueError:
        read_as = None
    if read_as is None:
        what = f'is "{quoted(text)}", which is no date and time of ISO 8601 such as 2027-01-31T12:00:00Z'
        return failed({}, field=params.field, what=what)
    if shaped is None:
        return cant_tell(
            f'whether the provider reads "{quoted(text)}" is not documented: it is ISO 8601 otherwise'
        )
    if shaped["zone"] is None and not params.utc:
        return cant_tell(
            f'"{quoted(text)}" has no time zone, and which one the provider takes is not documented'
        )
    try:
        return (read_as if shaped["zone"] else read_as.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except OverflowError:
        return failed({}, field=params.field, what=f'is "{quoted(text)}", a year that is not counted in')


def switches(target: MessageTarget, _: NoParams) -> Result:
    """No field of the fallback is given that another one switches off."""
    message = target.message
    off = [name for name in (NO_FALLBACK, NO_LINK) if _is_on(message, name)]
    if not off:
        return inapplicable("no fallback is switched off")
    idle = {NO_FALLBACK: (FALLBACK, NO_LINK, LINK_ENDS), NO_LINK: (LINK_ENDS,)}
    found = [(name, other) for name in off for other in idle[name] if _says(message, other)]
    if not found:
        return passed(off=off)
    field = message.field(found[0][1])
    said = listed([f'"{other}" does nothing beside "{name}"' for name, other in found])
    return failed(_at(field) if field else {}, fields=said)


def _is_on(message: Mms, name: str) -> bool:
    field = message.field(name)
    return field is not None and field.value is True


def _says(message: Mms, name: str) -> bool:
    field = message.field(name)
    return field is not None and field.value is not False and not is_blank(field.text)


def fallback(target: RequestTarget, _: NoParams) -> Result:
    """A send by the JSON API has a fallback text, or the fallback is switched off."""
    text, stored = target.request.fallback_sms_text, target.message.field(FALLBACK)
    if text is not None:
        return failed(what="is empty") if is_blank(text) else passed(characters=len(text))
    if _is_on(target.message, NO_FALLBACK):
        return passed(off=NO_FALLBACK)
    if stored is not None:
        return passed(characters=len(stored.text)) if not is_blank(stored.text) else failed(what="is empty")
    return cant_tell("it has no fallback text, and whether the account's fallback is on is not known")


def shown_numbers(target: MessageTarget, params: OfField) -> Result:
    """The field is telephone numbers with commas between them."""
    field = target.message.field(params.field)
    if field is None:
        return _absent(params)
    wrong = [(each, why) for each in field.text.split(",") if (why := _number_fault(each))]
    if wrong:
        said = [f'"{quoted(each, NUMBER_SHOWN)}": {why}' for each, why in wrong]
        return failed({"count": len(wrong), **_at(field)}, wrong=listed(said))
    return passed(count=field.text.count(",") + 1, **_at(field))


def _number_fault(each: str) -> str | None:
    return "there is no number" if is_blank(each) else spelling(each.strip())


_MASK = re.compile(r"(?=.*[A-Za-z_-])[A-Za-z0-9_-]+")


def mask(target: MessageTarget, params: Mask) -> Result:
    """The mask is letters, digits, _ and -, not too long, and the recipient's country takes masks."""
    field = target.message.field(params.field)
    if field is None:
        return _absent(params)
    text = field.text
    if not _MASK.fullmatch(text):
        what = "holds other than letters, digits, _ and -, or digits alone"
        return _masked(field, f'"{quoted(text)}" {what}')
    if len(text) > params.maximum:
        return _masked(
            field, f"it has {len(text)} characters, and the provider takes {params.maximum} at most"
        )
    if len(text) > params.sure:
        return cant_tell(
            f"it has {len(text)} characters: one page says {params.sure} at most, another {params.maximum}",
            **_at(field),
        )
    return _in_country(target.message, field, params)


def _in_country(message: Mms, field: Field, params: Mask) -> Result:
    to = message.field("to")
    number = None if to is None or spelling(to.text) else read(to.text)
    if number is None:
        return cant_tell(
            "the recipient's country is not known, and not every country takes masks", **_at(field)
        )
    if number.country in params.barred:
        return _masked(field, f"the recipient is in a country where none is taken ({number.country})")
    return passed(mask=quoted(field.text), country=number.country, **_at(field))


def _masked(field: Field, wrong: str) -> Result:
    return failed(_at(field), wrong=wrong)


def not_set(target: MessageTarget, params: OfField) -> Result:
    """A switch is off, or left out."""
    field = target.message.field(params.field)
    if field is None:
        return _absent(params)
    return failed(_at(field), field=params.field) if field.value is True else passed(**_at(field))


def content_fetched(target: RequestTarget, _: NoParams) -> Result:
    """The provider is not told that it may use files of an earlier fetch."""
    return failed(field=CACHE) if _is_on(target.message, CACHE) else passed()


def _absent(params: OfField) -> Result:
    return inapplicable(f"the document has no {params.field}")


_WHAT = frozenset({"field", "what"})

CHECKS: tuple[Check, ...] = (
    Check(name="fields-fit", target=TargetKind.MESSAGE, run=fit, reports=frozenset({"fields"})),
    Check(
        name="media-kind-accepted",
        target=TargetKind.MEDIA,
        run=kind_accepted,
        params=Kinds,
        reports=frozenset({"accepted"}),
        static=True,
    ),
    Check(name="field-length", target=TargetKind.MESSAGE, run=length, params=Longest, reports=_WHAT),
    Check(name="field-moment", target=TargetKind.MESSAGE, run=moment, params=Latest, reports=_WHAT),
    Check(name="fallback-switches", target=TargetKind.MESSAGE, run=switches, reports=frozenset({"fields"})),
    Check(name="fallback-given", target=TargetKind.REQUEST, run=fallback, reports=frozenset({"what"})),
    Check(name="content-fetched", target=TargetKind.REQUEST, run=content_fetched),
    Check(
        name="shown-numbers",
        target=TargetKind.MESSAGE,
        run=shown_numbers,
        params=OfField,
        reports=frozenset({"wrong"}),
    ),
    Check(name="sender-mask", target=TargetKind.MESSAGE, run=mask, params=Mask, reports=frozenset({"wrong"})),
    Check(
        name="switch-off",
        target=TargetKind.MESSAGE,
        run=not_set,
        params=OfField,
        reports=frozenset({"field"}),
    ),
)
"""What this family offers to rule files."""
