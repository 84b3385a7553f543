"""Waivers as the configuration writes them: read strictly, and refused for what nobody can waive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Annotated

import msgspec

from mmscheck.model.rule import NEVER_WAIVED
from mmscheck.model.waiver import Waiver
from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.floor import refuse
from mmscheck.ruleset.scope import Scope, unknown


class WaiverTable(msgspec.Struct, frozen=True, kw_only=True):
    """A waiver: leave for one rule to fail until the end of a day.

    It is about one source, URL or slide when it names them, and about all otherwise.
    """

    rule: Kebab
    reason: Filled
    who: Filled
    expires: dt.date
    source: Filled | None = None
    url: Filled | None = None
    slide: Annotated[int, msgspec.Meta(ge=1, description="a slide number from 1")] | None = None

    def value(self) -> Waiver:
        """The waiver as the rest of the program knows it."""
        return Waiver(**msgspec.structs.asdict(self))


def inspect_waivers(scope: Scope, waivers: tuple[Waiver, ...]) -> None:
    """Record waivers of what nobody can waive, and those for the same thing as another."""
    places = [(waiver.rule, waiver.source, waiver.url, waiver.slide) for waiver in waivers]
    for position, place in enumerate(places):
        _refuse(scope.at(position).at("rule"), waivers[position].rule)
        if place in places[:position]:
            first = places.index(place)
            scope.at(position).fault(f"duplicate of waivers[{first}], expected one for the same thing")


def inspect_waived_rules(scope: Scope, waivers: tuple[Waiver, ...], known: Collection[str]) -> None:
    """Record waivers of rules that are not among the known ones."""
    for position, waiver in enumerate(waivers):
        if waiver.rule not in known:
            scope.at(position).at("rule").fault(unknown("rule", waiver.rule, known))


def _refuse(scope: Scope, rule_id: str) -> None:
    if not refuse(scope, rule_id, "waived") and rule_id in NEVER_WAIVED:
        what = "cannot be waived, because without it there is no message to judge"
        scope.fault(f"{rule_id} {what}, expected it left alone")
