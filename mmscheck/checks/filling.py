"""The checks of names: does the merge data fill tags, and do the tags get it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from mmscheck.base.text import enumerated, listed, quoted
from mmscheck.model.check import (
    Check,
    MessageTarget,
    NoParams,
    Result,
    failed,
    inapplicable,
    passed,
    saying,
)
from mmscheck.model.effective import NAME, TAG, key_of, slide_template, subject_template
from mmscheck.model.words import TargetKind

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


_MOST = 20
"""Names that a message lists."""


def _match(target: MessageTarget) -> _Match:
    tags = _tags(_templates(target))
    anywhere = tags.keys() | _tags(target.beside).keys()
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
)
"""What this module offers to rule files."""
