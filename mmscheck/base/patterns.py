"""Patterns in rule data: only those that no text can make slow.

Python's expressions backtrack. A pattern with at most one repetition, and none of a group, takes at most
about the square of the text's length, and what is looked at is short; so only such patterns are admitted.
"""

from __future__ import annotations

import re

MOST_REPETITIONS = 1
"""How many ``*``, ``+`` and ``{}`` a pattern may have; ``?`` is not counted."""

MOST_OPTIONAL = 4
"""How many ``?`` a pattern may have: each doubles the ways to try."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+(?:\]|\\?\Z)|\(\?:|[()]|[*+?]|\{[0-9,]*\}|.", re.DOTALL)
_REPEATING = re.compile(r"[*+]|\{")


def pattern_fault(pattern: str) -> str | None:
    """Why the pattern is not admitted, as the end of a sentence; None when it is."""
    try:
        re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        return f"not a regular expression ({error}), expected one as of Python's re"
    tokens = _TOKEN.findall(pattern)
    if re.search(r"\(\?(?!:)", "".join("" if token[0] in "\\[" else token for token in tokens)):
        return "has a lookaround, flag or named group, expected only plain groups"
    if any(token[0] == "\\" and token[1] in "123456789" for token in tokens):
        return "refers back to a group, expected a pattern that does not"
    return _repetition_fault(tokens)


def _repetition_fault(tokens: list[str]) -> str | None:
    repeated = [at for at, token in enumerate(tokens) if _REPEATING.match(token)]
    if any(tokens[at - 1] == ")" for at in repeated if at):
        return "repeats a group, expected only characters and classes to be repeated"
    if len(repeated) > MOST_REPETITIONS:
        return f"has {len(repeated)} repetitions, expected at most {MOST_REPETITIONS}"
    if tokens.count("?") > MOST_OPTIONAL:
        return f"has {tokens.count('?')} optional parts, expected at most {MOST_OPTIONAL}"
    return None
