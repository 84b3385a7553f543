"""What is wrong with the merge tags of a template, and with the values given for them.

Documented is ``{$name|default}``. Anything that looks like a tag and is not one reaches phones as it
is written, which nobody who wrote it meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mmscheck.base.text import is_blank, quoted
from mmscheck.checks.tags import OPENING, TAG_SHOWN
from mmscheck.model.effective import NAME, TAG, key_of

_GONE = "\0"
"""Stands for a well-closed tag while the rest of the template is looked at."""

# Possessive quantifiers throughout: a text of many braces must not cost quadratic time.
_WORD = r"[A-Za-z][A-Za-z0-9_.-]*+"
_LOOKALIKES = (
    (re.compile(rf"(?<!\{{)\{{++{_GONE}++\}}++"), "has a second pair of braces around it; write it with one"),
    (re.compile(rf"\$\{{\s*+{_WORD}[^{{}}]*+\}}"), "has its $ before the brace; write {$name}"),
    (re.compile(rf"\{{\s++\${_WORD}[^{{}}]*+\}}"), "has white space after the brace; write {$name}"),
    (re.compile(rf"\{{\{{\s*+{_WORD}[^{{}}]*+\}}\}}"), "is of another kind of template; write {$name}"),
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
