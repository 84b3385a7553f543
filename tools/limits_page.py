"""All published numbers as one Markdown page, ``docs/limits.md``, each with its unit, source and date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mmscheck.report.rule_entry import amount
from mmscheck.ruleset import PublishedLimit, published_limits

INTRODUCTION = """\
# How limits are sourced

<!-- Generated from rules/limits/ by `python -m tools.generated --write`; edit those files. -->

A limit is a number that somebody published: how many slides, how many bytes, how many characters. None stands
in the code. Each is an entry of a file under [`rules/limits/`](../rules/limits), with its `value`, `unit`,
`source` and `checked`, the day on which somebody last read the source.

- **Where two sources disagree, the stricter number counts**, and a comment beside it names the other. KB and
  MB are read as decimal (1,000 and 1,000,000 bytes) wherever a source does not define them: the stricter way.
  1024 and 2048 KB are powers of two, and so binary.
- **Each size of a message is judged in the unit of its source**: bytes of files, as they lie on the server,
  or bytes on the wire, packed in base64 (1.37 times as many, and 814 for each file). A report names both
  sums, and whose number it is.
- **Which number counts.** The one for the kind of sender (`--sender`), else the one for everybody. Without
  `--sender` the tightest of all kinds counts. Each `--carrier` adds its own upper limits; a carrier that
  publishes none is held to the general number. `--provider` only warns. `--transcoding` takes the larger
  numbers that the provider grants to accounts with transcoding; pictures, sounds and films then count for
  nothing in the size of the message, because the provider makes them fit.
- **Numbers age.** `mmscheck rules validate` lists those that nobody has looked up for a year, as warnings;
  with `--strict` it ends with 2.
- **In a report.** `mmscheck rules explain ID` shows the numbers of a rule with their sources, and so does
  [the page of rules](rules.md).

To correct a number, change `value`, `source` and `checked` together in its file, run
`mmscheck rules validate`, and renew the generated pages.
"""
"""What stands above the numbers."""

_DEFAULT = "The provider (Sinch)"
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def page_text() -> str:
    """The page of the program's own limits. Raises RuleSetError."""
    return render_limits(published_limits())


def render_limits(published: Iterable[PublishedLimit]) -> str:
    """The page as text; one table for each party, in the order given."""
    parties: dict[str, list[PublishedLimit]] = {}
    for item in published:
        party = f"{item.title} ({item.kind}, {item.file})" if item.title else _DEFAULT
        parties.setdefault(party, []).append(item)
    lines = [INTRODUCTION]
    for party, items in parties.items():
        lines += [f"## {_escaped(party)}", "", *_table(items), ""]
    return "\n".join(lines)


def _table(items: Iterable[PublishedLimit]) -> Iterator[str]:
    yield "| limit | for | number | source | checked |"
    yield "| --- | --- | --- | --- | --- |"
    for item in items:
        whose = {"limits": "everybody", "transcoding": "with transcoding"}.get(
            item.table, item.table.removeprefix("sender.")
        )
        number = _escaped(amount(item.limit.value, item.limit.unit))
        yield f"| `{item.name}` | {whose} | {number} | {_escaped(item.limit.source)} | {item.limit.checked} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
