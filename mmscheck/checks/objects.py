"""Contact cards, calendars, PDF documents and passes: whether a handset can do anything with them."""

from __future__ import annotations

import msgspec

from mmscheck.base.text import quoted
from mmscheck.checks.decoded import FAMILIES, F, decoded, facts, undecoded
from mmscheck.checks.signed_values import shown
from mmscheck.model.check import Check, MediaTarget, NoParams, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.facts import CalendarFacts, ContactFacts, DocumentFacts, PassFacts, Undecoded
from mmscheck.model.words import TargetKind

MOST_FAULTS = 3
"""Faults of a pass that a finding lists before it counts the others."""


class PhotoParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most bytes of a picture in a contact card, as it is after decoding."""

    maximum: int


def contact_valid(target: MediaTarget, _params: NoParams) -> Result:
    """The card can be read and holds a contact with a name."""
    contacts = _parsed(target, ContactFacts)
    if isinstance(contacts, Result):
        return contacts
    if contacts.contacts < 1:
        return failed(problem="it holds no contact")
    if not contacts.named:
        return failed({"contacts": contacts.contacts}, problem="no contact in it has a name")
    return passed(contacts=contacts.contacts, version=contacts.version)


def calendar_valid(target: MediaTarget, _params: NoParams) -> Result:
    """The calendar can be read and holds an event."""
    calendar = _parsed(target, CalendarFacts)
    if isinstance(calendar, Result):
        return calendar
    if calendar.events < 1:
        return failed(problem="it holds no event")
    return passed(events=calendar.events, version=calendar.version)


def contact_plain(target: MediaTarget, _params: NoParams) -> Result:
    """The card is written as every phone reads it."""
    return _plain(facts(target, ContactFacts))


def calendar_plain(target: MediaTarget, _params: NoParams) -> Result:
    """The calendar is written as every reader takes it."""
    return _plain(facts(target, CalendarFacts))


def _plain(content: ContactFacts | CalendarFacts | Result) -> Result:
    if isinstance(content, Result):
        return content
    if content.oddities:
        return failed({"oddities": list(content.oddities)}, problem=_some(content.oddities))
    return passed()


def document_valid(target: MediaTarget, _params: NoParams) -> Result:
    """The PDF can be read, opens without a password, and has a page."""
    document = _parsed(target, DocumentFacts)
    if isinstance(document, Result):
        return document
    if document.encrypted and document.pages is None:
        return failed({"version": document.version}, problem="it is encrypted and opens with a password only")
    if document.pages is None:
        return cant_tell("the number of its pages is not known")
    if document.pages < 1:
        return failed({"version": document.version}, problem="it has no page")
    return passed(
        pages=document.pages,
        version=document.version,
        restricted=document.encrypted,
        repaired=document.repaired,
    )


def pass_valid(target: MediaTarget, _params: NoParams) -> Result:
    """The pass can be read, is complete, is what its manifest says, and was signed as it is.

    Its signer's certificate holds until the end of the time in which the message is taken to go out.
    """
    contents = _parsed(target, PassFacts)
    if isinstance(contents, Result):
        return contents
    faults = contents.faults
    if contents.signed_until is not None and target.window and contents.signed_until < target.window.closes:
        faults = (*faults, f"the certificate of its signer ends at {shown(contents.signed_until)}")
    if faults:
        return failed({"faults": list(faults)}, problem=_some(faults))
    return passed(entries=contents.entries, unpacked=contents.unpacked)


def photo_within(target: MediaTarget, params: PhotoParams) -> Result:
    """The largest picture in a contact card is at most that large; a card without one has none to judge."""
    contacts = facts(target, ContactFacts)
    if isinstance(contacts, Result):
        return contacts
    if contacts.largest_photo is None:
        return inapplicable("the card holds no picture")
    if contacts.largest_photo > params.maximum:
        return failed(
            {"bytes": contacts.largest_photo, "maximum": params.maximum},
            size=f"{contacts.largest_photo:,} bytes",
            limit=f"{params.maximum:,} bytes",
        )
    return passed(bytes=contacts.largest_photo, maximum=params.maximum)


def _parsed(target: MediaTarget, family: type[F]) -> F | Result:
    """The facts; a file that its parser refused has failed."""
    content = decoded(target, FAMILIES[family])
    return undecoded(content) if isinstance(content, Undecoded) else facts(target, family)


def _some(faults: tuple[str, ...]) -> str:
    sentence = "; ".join(quoted(fault) for fault in faults[:MOST_FAULTS])
    more = len(faults) - MOST_FAULTS
    return f"{sentence}; and {more} more" if more > 0 else sentence


_PROBLEM = frozenset({"problem"})

CHECKS: tuple[Check, ...] = (
    Check(name="contact-valid", target=TargetKind.MEDIA, run=contact_valid, reports=_PROBLEM),
    Check(name="calendar-valid", target=TargetKind.MEDIA, run=calendar_valid, reports=_PROBLEM),
    Check(name="contact-plain", target=TargetKind.MEDIA, run=contact_plain, reports=_PROBLEM),
    Check(name="calendar-plain", target=TargetKind.MEDIA, run=calendar_plain, reports=_PROBLEM),
    Check(name="document-valid", target=TargetKind.MEDIA, run=document_valid, reports=_PROBLEM),
    Check(name="pass-valid", target=TargetKind.MEDIA, run=pass_valid, reports=_PROBLEM),
    Check(
        name="contact-photo-within",
        target=TargetKind.MEDIA,
        run=photo_within,
        params=PhotoParams,
        reports=frozenset({"size", "limit"}),
    ),
)
"""Every check of the family."""
