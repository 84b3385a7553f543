"""What mending is told and what it answers, as values; the parent and the confined process share them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from mmscheck.model.words import Owner

Size = tuple[int, int]
"""Width and height in pixels."""

WHITE = (255, 255, 255)


class Shape(StrEnum):
    """What becomes of a picture that is not of the advised shape."""

    KEEP = "keep"
    EXTEND = "extend"
    CROP = "crop"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chooses: none of it follows from a rule.

    ``background`` is put behind transparent parts and beside what is extended (red, green, blue), ``still``
    makes a picture of an animation, ``trim`` cuts films and sounds to the advised length.
    """

    shape: Shape = Shape.KEEP
    background: tuple[int, int, int] = WHITE
    still: bool = False
    trim: bool = False


class Aims(msgspec.Struct, frozen=True, kw_only=True):
    """What a product has to come to, by the rules in force; an empty tuple or None asks for nothing.

    ``most`` are bytes by kind (``image``, ``gif``, ``audio``, ``video`` and the objects), ``accepted`` media
    types by kind. Canvases hold a picture either way round where ``turned`` is set. ``aspect`` is the advised
    shape with its tolerance, rates are frames a second, durations seconds; ``hd_seconds`` is for films whose
    shorter side has ``hd_from`` pixels or more. ``codecs`` and ``profiles`` are what plays in MP4.
    """

    most: dict[str, int] = {}
    accepted: dict[str, tuple[str, ...]] = {}
    picture_canvases: tuple[Size, ...] = ()
    turned: bool = False
    aspect: tuple[int, int, float] | None = None
    animation_canvases: tuple[Size, ...] = ()
    slowest: float | None = None
    fastest: float | None = None
    film_canvases: tuple[Size, ...] = ()
    film_rate: float | None = None
    film_seconds: float | None = None
    hd_seconds: float | None = None
    hd_from: int | None = None
    sound_seconds: float | None = None
    photo_bytes: int | None = None
    slides: int = 8

    def bytes_for(self, kind: str) -> int | None:
        """The most bytes for a kind; None where no rule has a number."""
        return self.most.get(kind)


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """How near a product is to what it was made of: 1 is the same. ``of`` says what was compared."""

    name: str
    value: float
    of: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be mended: its bytes, their type as determined, and what it has to come to.

    ``most`` are the bytes that the product may have. ``findings`` are the rules that it failed, ``name`` the
    name it has.
    """

    data: bytes
    type: str
    name: str
    aims: Aims
    wishes: Wishes
    most: int
    findings: tuple[str, ...] = ()


class Mended(msgspec.Struct, frozen=True, kw_only=True, tag="mended"):
    """A product: its bytes, the ending of its name (``.jpg``), and what was done, a clause each."""

    data: bytes
    suffix: str
    done: tuple[str, ...]
    measure: Measure | None = None


class Unmended(msgspec.Struct, frozen=True, kw_only=True, tag="unmended"):
    """Why there is no product, as a sentence, and who can mend it."""

    why: str
    owner: Owner = Owner.CONTENT


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag="broken"):
    """The process was lost over the file, or mmscheck is at fault (``fault`` is the traceback then).

    ``unstarted`` is set where there was no process to begin with.
    """

    why: str
    fault: str = ""
    unstarted: bool = False


Answer = Mended | Unmended | Broken
"""What comes of a job."""


class Action(StrEnum):
    """What became of one file."""

    COPIED = "copied"
    MENDED = "mended"
    RENAMED = "renamed"
    LEFT = "left"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that failed or could not tell: its words, and who can mend it."""

    rule: str
    severity: str
    outcome: str
    message: str
    fix: str
    owner: str
    line: int | None = None


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A file before or after: bytes, digest, type, what a decoder found, and the findings.

    ``likeness`` is a small picture for people as a ``data:`` URL, where one was asked for.
    """

    size: int
    sha256: str
    type: str | None
    facts: dict[str, str | int | float | bool | None] = {}
    findings: tuple[Found, ...] = ()
    likeness: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the run. ``target`` is where it went, None where nothing was or would be written.

    ``why`` says why it was not mended; ``done`` what was done, a clause each. ``reused`` marks what an
    earlier run had done already; ``fault`` is the traceback where mmscheck itself is at fault.
    """

    source: str
    target: str | None
    action: Action
    before: Side
    after: Side | None = None
    done: tuple[str, ...] = ()
    measure: Measure | None = None
    why: str = ""
    owner: str = ""
    reused: bool = False
    fault: str = ""

    @property
    def gone(self) -> tuple[Found, ...]:
        """The findings that the product does not have any more."""
        if self.after is None:
            return ()
        left = {each.rule for each in self.after.findings}
        return tuple(each for each in self.before.findings if each.rule not in left)

    @property
    def left(self) -> tuple[Found, ...]:
        """The findings that are there still."""
        return self.before.findings if self.after is None else self.after.findings


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run: an entry for each file, in order; ``dry`` when nothing was written.

    ``passed`` is whether all that is there now passes lint, ``undecided`` whether only open questions block.
    """

    tool_version: str
    ruleset_digest: str
    entries: tuple[Entry, ...]
    dry: bool
    strict: bool
    passed: bool
    exit_code: int
    output: str | None = None
    unread: tuple[str, ...] = ()

    def count(self, action: Action) -> int:
        """How many files came to that."""
        return sum(each.action is action for each in self.entries)


def words(clauses: Sequence[str]) -> str:
    """Clauses as one sentence."""
    return "; ".join(clauses)
