"""The message as phones would get it: custom subject, custom texts and merge data applied.

Merge tags: ``{$name|default}``, values matched without regard to case (Skycore API 1.3 saveMMS and
sendSavedMMS, the ancestor of the Sinch XML API; ``data`` is still listed by Sinch).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from mmscheck.model.mms import Mms, Slide
from mmscheck.model.request import Changes

TAG = re.compile(r"\{\$([^{}|]*)(?:\|([^{}]*))?\}")
"""A closed merge tag: group 1 the name, group 2 the default or None."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")
"""A merge name as the documented examples write it."""


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """Subject and slide texts after all changes; ``subject`` is None when there is none at all.

    ``texts`` maps the slide number (from 1) to its text, the pieces joined by line feeds.
    """

    subject: str | None
    texts: Mapping[int, str]


def key_of(name: str) -> str:
    """A merge name as it is compared: without regard to the case of A to Z, and of no other letter.

    Unicode would take the Kelvin sign for a k; a provider that compares ASCII does not.
    """
    return name.lower() if name.isascii() else name


def merge(text: str, data: Mapping[str, str]) -> str:
    """Replace each merge tag by its value, else its default; a tag with neither stays as it is.

    ``data`` has the keys that ``key_of`` makes. Values are inserted as they are and not searched for tags
    again. An empty value leaves its tag: whether the provider then takes the default is documented nowhere.
    """

    def value(match: re.Match[str]) -> str:
        given, default = data.get(key_of(match.group(1).strip())), match.group(2)
        if given is None:
            return match.group(0) if default is None else default
        return match.group(0) if default and not given else given

    return TAG.sub(value, text)


def slide_template(slide: Slide, changes: Changes) -> str:
    """The text of a slide before merging: its custom text when there is one, else its own."""
    custom = [text.value for text in changes.custom_texts if text.slide == slide.number]
    return custom[-1] if custom else "\n".join(text.value for text in slide.texts)


def subject_template(message: Mms, changes: Changes) -> str | None:
    """The subject before merging: the custom subject when given, else the stored one."""
    if changes.custom_subject is not None:
        return changes.custom_subject
    return message.subject.value if message.subject else None


def effective(message: Mms, changes: Changes) -> Effective:
    """The message as it would be sent with these changes; one for another provider is sent as it is."""
    if message.payload is not None:
        own = {slide.number: slide_template(slide, Changes()) for slide in message.slides}
        return Effective(subject=subject_template(message, Changes()), texts=own)
    data = {key_of(name): value for name, value in changes.data}
    subject = subject_template(message, changes)
    return Effective(
        subject=None if subject is None else merge(subject, data),
        texts={slide.number: merge(slide_template(slide, changes), data) for slide in message.slides},
    )


_STAND_IN = "x"
"""A value that no rule on texts objects to."""


def with_stand_ins(message: Mms) -> Changes:
    """A value for each tag that the stored message leaves to its sends: well formed, without a default."""
    texts = [subject_template(message, Changes()) or ""]
    texts += [slide_template(slide, Changes()) for slide in message.slides]
    found = [tag for text in texts for tag in TAG.finditer(text)]
    names = dict.fromkeys(tag[1] for tag in found if tag[2] is None and NAME.match(tag[1]))
    return Changes(data=tuple((name, _STAND_IN) for name in names))
