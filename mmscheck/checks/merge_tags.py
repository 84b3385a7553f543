"""Merge tags that are left in a text: what they will turn into is not known.

A subject or text with such a tag must not pass as if it were known, so every check of an effective
text asks here first which parts of it are certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from mmscheck.base.text import enumerated, is_blank, listed, quoted
from mmscheck.model.check import (
    Check,
    MessageTarget,
    NoParams,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
    saying,
)
from mmscheck.model.effective import NAME, TAG, key_of, slide_template, subject_template
from mmscheck.model.words import Because, TargetKind

OPENING = "{$"
"""How every merge tag begins."""

TAG_SHOWN = 40
"""Characters of a tag that a message quotes."""

NAMED = 5
"""Tags that a reason names before it only counts them."""


def certain(text: str) -> str:
    """The text with every closed tag taken out: the least that will be there."""
    return TAG.sub("", text)


def masked(text: str) -> str:
    """The text with every closed tag overwritten by spaces, so that positions stay as they are."""
    return TAG.sub(lambda tag: " " * len(tag.group(0)), text) if OPENING in text else text


def unknown(text: str) -> str:
    """Why the text is not known, as the end of a sentence; empty when all of it is known."""
    names = list(dict.fromkeys(quoted(tag.group(0), TAG_SHOWN) for tag in TAG.finditer(text)))
    if len(names) > NAMED:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    if names:
        return (
            f"the {'value' if len(names) == 1 else 'values'} of {enumerated(names)} {_are(names)} not known"
        )
    start = text.find(OPENING)
    if start >= 0:
        begun = quoted(text[start : start + TAG_SHOWN + 1], TAG_SHOWN)
        return f'the merge tag that begins "{begun}" is not closed'
    return ""


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


_GONE = "\0"
"""Stands for a well-closed tag while the rest of the template is looked at."""

# Possessive quantifiers throughout: a text of many braces must not cost quadratic time.
_WORD = r"[A-Za-z][A-Za-z0-9_.-]*+"
ANOTHERS = re.compile(rf"\{{\{{\s*+{_WORD}[^{{}}]*+\}}\}}")
"""A tag of Mustache, Handlebars, Liquid or Jinja."""

_LOOKALIKES = (
    (re.compile(rf"(?<!\{{)\{{++{_GONE}++\}}++"), "has a second pair of braces around it; write it with one"),
    (re.compile(rf"\$\{{\s*+{_WORD}[^{{}}]*+\}}"), "has its $ before the brace; write {$name}"),
    (re.compile(rf"\{{\s++\${_WORD}[^{{}}]*+\}}"), "has white space after the brace; write {$name}"),
    (ANOTHERS, "is of another kind of template; write {$name}"),
    (re.compile(rf"\{{\s*+{_WORD}\s*+\|[^{{}}]*+\}}"), "lacks the $; write {$name|default}"),
)
"""Spellings of other template languages, and what to say of each."""

_OPEN = re.compile(rf"\{{\$[^{{}}{_GONE}]*+(?=(.?))", re.DOTALL)
"""A tag that is begun and not closed; group 1 is what stopped it."""

_BARE = re.compile(rf"\{{\s*+({_WORD})\s*+\}}")
"""A word in braces: ordinary text, unless the data has a value of that name."""

Data = Mapping[str, Sequence[str]]
"""Every value given for a name; names in lower case."""


def gathered(pairs: Sequence[tuple[str, str]]) -> Data:
    """The merge data by lower-case name, each with all the different values given for it."""
    data: dict[str, list[str]] = {}
    for name, value in pairs:
        values = data.setdefault(key_of(name), [])
        if value not in values:
            values.append(value)
    return data


def faults(template: str, data: Data) -> list[str]:
    """Everything wrong with the tags of one template, each as a sentence without its full stop."""
    # All of them have a brace, and nine patterns over a text of 10 MB take three seconds.
    if "{" not in template:
        return []
    closed = [fault for match in TAG.finditer(template) if (fault := _closed(match, data))]
    # Same length, so that a place in the rest is the same place in the template.
    rest = TAG.sub(lambda match: _GONE * len(match.group(0)), template.replace(_GONE, " "))
    return [*closed, *_unclosed(template, rest), *_lookalikes(template, rest), *_bare(rest, data)]


def has_tags(template: str) -> bool:
    """Whether there is anything in the template that is, or begins, a merge tag."""
    return OPENING in template


def _closed(match: re.Match[str], data: Data) -> str | None:
    tag, name = _quoted(match.group(0)), match.group(1)
    if not name.strip():
        return f"{tag} has no name"
    if name != name.strip():
        return f"{tag} has white space around its name; write it without"
    if not NAME.match(name):
        return f"{tag} has a name that is not a letter followed by letters, digits, _ . or -"
    return _badly_given(tag, data.get(key_of(name)), default=match.group(2))


def _badly_given(tag: str, values: Sequence[str] | None, *, default: str | None) -> str | None:
    if values is None:
        return None if default is not None else f"{tag} has neither a value nor a default"
    if len(values) > 1:
        return f"{tag} is given {len(values)} different values"
    if values[0] and is_blank(values[0]):
        return f"{tag} is given a value of blanks"
    if not values[0] and default:
        return f"{tag} is given an empty value, and nobody knows whether its default is used then"
    return f"the value given for {tag} is itself a merge tag" if OPENING in values[0] else None


def _unclosed(template: str, rest: str) -> Iterator[str]:
    for match in _OPEN.finditer(rest):
        nested = match.group(1) in {"{", _GONE}
        wrong = "has another tag or brace inside it" if nested else "is not closed by a brace }"
        yield f"{_quoted(template[match.start() : match.start() + TAG_SHOWN + 1])} {wrong}"


def _lookalikes(template: str, rest: str) -> Iterator[str]:
    taken: set[int] = set()
    for pattern, wrong in _LOOKALIKES:
        for match in pattern.finditer(rest):
            if taken.isdisjoint(range(*match.span())):
                taken.update(range(*match.span()))
                yield f"{_quoted(template[slice(*match.span())])} {wrong}"


def _bare(rest: str, data: Data) -> Iterator[str]:
    for match in _BARE.finditer(rest):
        if key_of(match.group(1)) in data:
            yield f"{_quoted(match.group(0))} lacks the $; write {{${match.group(1)}}}"


def _quoted(text: str) -> str:
    return f'"{quoted(text, TAG_SHOWN)}"'


_NOTHING_GIVEN = "no merge data is given"


class _Match(msgspec.Struct, frozen=True, kw_only=True):
    """Names as written: ``lost`` have a value that fills no tag, ``idle`` are all that fill none.

    ``tags`` are those of subject and slides, and ``unfilled`` the ones of them that nothing gives a value.
    """

    tags: tuple[str, ...]
    lost: tuple[str, ...]
    idle: tuple[str, ...]
    unfilled: tuple[str, ...]


def used(target: MessageTarget, _: NoParams) -> Result:
    """No value fills no tag while a tag gets no value: one of both names is not what was meant."""
    if not target.changes.data:
        return inapplicable(_NOTHING_GIVEN)
    match = _match(target)
    if match.lost and match.unfilled:
        return failed(
            {"unused": list(match.lost), "unfilled": list(match.unfilled), "tags": list(match.tags)},
            lost=_fill(match.lost, target.columns),
            tags=_names(match.tags),
            unfilled=enumerated([quoted(name) for name in match.unfilled[:_MOST]]),
        )
    return passed(tags=list(match.tags))


def matched(target: MessageTarget, _: NoParams) -> Result:
    """Every name fills a tag; and where a file has columns, every tag has one."""
    if not target.changes.data and target.columns is None:
        return inapplicable(_NOTHING_GIVEN)
    match = _match(target)
    if match.lost and match.unfilled:
        return inapplicable("merge-data-used says what does not match")
    told = []
    if match.idle:
        has = f"its tags: {_names(match.tags)}" if match.tags else "it has no tags"
        told.append(f"{_fill(match.idle, target.columns)} no tag of this message; {has}")
    if match.unfilled and target.columns is not None:
        told.append(f"no column fills {_names(match.unfilled)}: everybody gets the default")
    if told:
        return failed({"unused": list(match.idle), "unfilled": list(match.unfilled)}, what="; ".join(told))
    return saying(passed(tags=list(match.tags)), "Every merge tag has its data, and all of the data a tag.")


def none(target: MessageTarget, _: NoParams) -> Result:
    """No text of the message, and none that goes with it, holds a tag or what was meant for one."""
    texts = [*_templates(target), *(text for _, text in target.beside)]
    texts += [field.text for field in target.message.fields if field.name == _FALLBACK]
    wrong = list(dict.fromkeys(fault for text in texts for fault in faults(text, {})))
    if wrong:
        return failed({"faults": wrong[:_MOST]}, tags=listed(wrong))
    names = _tags(texts)
    if not names:
        return passed()
    what = f"the defaults of {_names(tuple(names.values()))} may be put in, or the tags sent as they stand"
    return cant_tell(f"{what}: no page says which", Because.TAGS)


_FALLBACK = "fallback-sms-text"

_MOST = 20
"""Names that a message lists."""


def _match(target: MessageTarget) -> _Match:
    tags = _tags(_templates(target))
    anywhere = tags.keys() | _tags(text for _, text in target.beside).keys()
    given = {key_of(name): name for name, value in target.changes.data if value}
    names = {**{key_of(name): name for name in target.columns or ()}, **given}
    return _Match(
        tags=tuple(tags.values()),
        lost=tuple(name for key, name in given.items() if key not in anywhere),
        idle=tuple(name for key, name in names.items() if key not in anywhere),
        unfilled=tuple(name for key, name in tags.items() if key not in names),
    )


def _templates(target: MessageTarget) -> Iterable[str]:
    yield subject_template(target.message, target.changes) or ""
    yield from (slide_template(slide, target.changes) for slide in target.message.slides)


def _tags(texts: Iterable[str]) -> Mapping[str, str]:
    """The names of the tags by their keys; what is wrong with others is said elsewhere."""
    found = [match[1] for text in texts for match in TAG.finditer(text) if NAME.match(match[1])]
    return {key_of(name): name for name in reversed(found)}


def _fill(names: tuple[str, ...], columns: tuple[str, ...] | None) -> str:
    """What does not fill, with its verb."""
    quoted = _names(tuple(f"'{name}'" for name in names))
    one = len(names) == 1
    if columns is not None and set(names) <= set(columns):
        return f"column{'' if one else 's'} {quoted} fill{'s' if one else ''}"
    return f"the value{'' if one else 's'} given for {quoted} fill{'s' if one else ''}"


def _names(names: tuple[str, ...]) -> str:
    return listed([quoted(name) for name in names], ", ", _MOST)


CHECKS: tuple[Check, ...] = (
    Check(
        name="merge-data-used",
        target=TargetKind.MESSAGE,
        run=used,
        reports=frozenset({"lost", "tags", "unfilled"}),
    ),
    Check(name="merge-data-matched", target=TargetKind.MESSAGE, run=matched, reports=frozenset({"what"})),
    Check(name="no-merge-tags", target=TargetKind.MESSAGE, run=none, reports=frozenset({"tags"})),
)
"""Every check of the family."""
