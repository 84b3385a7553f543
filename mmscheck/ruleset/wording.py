"""The placeholders of a rule's texts: only names that will be there when a finding is worded."""

from __future__ import annotations

import string

from mmscheck.ruleset.scope import Scope, unknown

ALWAYS = frozenset({"source", "slide", "url", "kind", "line"})
"""Where a finding is: names every text may use."""


def inspect_wording(scope: Scope, text: object, reports: frozenset[str]) -> None:
    """Record every placeholder in ``failed`` and ``cant_tell`` that nothing would fill.

    ``failed`` may use what the check reports, ``cant_tell`` the reason. Texts that are no strings are
    somebody else's fault to find.
    """
    if not isinstance(text, dict):
        return
    for key, allowed in (("failed", ALWAYS | reports), ("cant_tell", ALWAYS | {"reason"})):
        if isinstance(text.get(key), str):
            _inspect_template(scope.at(key), text[key], allowed)


def _inspect_template(scope: Scope, template: str, allowed: frozenset[str]) -> None:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        scope.fault(f"not a template ({error}), expected {{name}}, and {{{{ or }}}} for a brace")
        return
    for _, name, layout, conversion in parts:
        if name is None:
            continue
        if name not in allowed:
            scope.fault(unknown("placeholder", name, allowed))
        if layout or conversion:
            scope.fault(f"placeholder {name!r} is laid out, expected plain {{{name}}}")
