"""``mmscheck rules``: look at the rules, hold files to what a rule must be, begin a new one."""

from __future__ import annotations

import importlib

import click

SUBCOMMANDS = {
    "list": "List the rules, as a table or as JSON.",
    "explain": "Tell everything about one rule, with an example that fails and one that passes.",
    "validate": "Read all rule, limit and profile files strictly, and name every fault.",
    "new": "Begin a rule: its file, and cases that show it passing and failing.",
}
"""Name to one-line help; each lives in a module ``rules_<name>`` that is imported when it is called."""


class _Lazy(click.Group):
    """A group that imports a subcommand only when it runs, so that start-up stays light."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in SUBCOMMANDS:
            return None
        command: click.Command = importlib.import_module(f"mmscheck.cli.rules_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))


@click.group(name="rules", cls=_Lazy)
def command() -> None:
    """Look at the rules, check your own, and begin new ones.

    A rule is a TOML file: what must hold, how much it matters, who can mend it, why and how. The rules of
    this program come with it; a configuration adds folders of your own (extra-rules). The configuration is
    mmscheck.toml or [tool.mmscheck] in pyproject.toml, looked for in this folder and upward, or --config.

    Exit codes: 0 fine, 2 faults in the files or in how it was called, 4 output that could not be written.
    """
