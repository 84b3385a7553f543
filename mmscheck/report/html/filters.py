"""What shows only some of the findings of a page, and what draws over its pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mmscheck.base.text import count
from mmscheck.model.words import Owner
from mmscheck.report.findings import Entry
from mmscheck.report.html.finding import KINDS, UNCLEAR, kind_of, owner_of
from mmscheck.report.html.markup import NOTHING, Markup, tag
from mmscheck.report.html.words import cut


class Tally:
    """What the findings of a page can be filtered by, counted while they are written."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self.kinds: Counter[str] = Counter()
        self.owners: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()

    def add(self, found: Iterable[Entry]) -> None:
        """Count the findings of one message."""
        for entry in found:
            self.kinds[kind_of(entry)] += 1
            self.owners[owner_of(entry)] += 1
            self.rules[cut(entry.lead.rule if entry.lead else "several rules", 200)] += 1


def filters(tally: Tally) -> Markup:
    """The form, with a line that tells how many findings are shown; nothing without findings."""
    total = sum(tally.kinds.values())
    if not total:
        return NOTHING
    rules = [
        tag("option", f"{rule} ({number:,})", value=rule) for rule, number in sorted(tally.rules.items())
    ]
    names = {**{each.value: each.value for each in Owner}, UNCLEAR: "not clear"}
    return tag(
        "form",
        _boxes("Severity", "kind", KINDS, tally.kinds),
        _boxes("Who can fix it", "owner", names, tally.owners),
        tag("label", "Rule ", tag("select", tag("option", "every rule", value=""), *rules, id="rule")),
        tag("button", "Show all", type="reset"),
        tag("p", f"{total:,} of {count(total, 'finding')} shown", role="status", id="told"),
        class_="tools",
        id="filters",
        aria_label="Filter the findings",
        hidden=True,
        data_needs_script=True,
    )


def _boxes(title: str, name: str, words: Mapping[str, str], counts: Mapping[str, int]) -> Markup:
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", name=name, value=key, checked=True),
            f" {word} ({counts[key]:,})",
        )
        for key, word in words.items()
        if counts.get(key)
    ]
    return tag("fieldset", tag("legend", title), *boxes)


def overlay() -> Markup:
    """The switch for the safe zones; it works by style alone."""
    return tag(
        "p",
        tag("label", tag("input", type="checkbox", id="zones"), " Show safe zones on pictures"),
        class_="tools overlay",
    )
