"""``mmscheck rules``: look at the rules, hold files to what a rule must be, begin a new one."""

from __future__ import annotations

import click

from mmscheck.cli.commands import LazyGroup

SUBCOMMANDS = {
    "list": ("rules_show:list_", "List the rules, as a table or as JSON."),
    "explain": (
        "rules_show:explain",
        "Tell everything about one rule, with an example that fails and one that passes.",
    ),
    "validate": (
        "rules_show:validate",
        "Read all rule, limit and profile files strictly, and name every fault.",
    ),
    "new": ("rules_new:command", "Begin a rule: its file, and cases that show it passing and failing."),
}
"""Name to the place of the command, which is imported when it is called, and one line of help."""


@click.group(name="rules", cls=LazyGroup, subcommands=SUBCOMMANDS)
def command() -> None:
    """Look at the rules, check your own, and begin new ones.

    A rule is a TOML file: what must hold, how much it matters, who can mend it, why and how. The rules of
    this program come with it; a configuration adds folders of your own (extra-rules). The configuration is
    mmscheck.toml or [tool.mmscheck] in pyproject.toml, looked for in this folder and upward, or --config.

    Exit codes: 0 fine, 2 faults in the files or in how it was called, 4 output that could not be written.
    """
