"""Waivers: who lets which failed rule through, where, why and until when.

They are read strictly and kept, and refused when rules are loaded, until there is a gate that
applies them: a waiver that was ignored would look like one that was honoured.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.floor import refuse
from mmscheck.ruleset.scope import Scope

UNSUPPORTED = "waivers are not supported yet, expected none; mend what they would let through"
"""What every waiver gets for now."""


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[[waivers]]`` table; ``source``, ``url`` and ``slide`` (from 1) narrow it."""

    rule: Kebab
    reason: Filled
    who: Filled
    expires: dt.date
    source: Filled | None = None
    url: Filled | None = None
    slide: Annotated[int, msgspec.Meta(ge=1, description="a slide number from 1")] | None = None


def inspect_waivers(scope: Scope, waivers: tuple[Waiver, ...]) -> None:
    """Record waivers of the floor, and those for the same thing as another."""
    places = [(waiver.rule, waiver.source, waiver.url, waiver.slide) for waiver in waivers]
    for position, place in enumerate(places):
        refuse(scope.at(position).at("rule"), waivers[position].rule, "waived")
        if place in places[:position]:
            first = places.index(place)
            scope.at(position).fault(f"duplicate of waivers[{first}], expected one for the same thing")
