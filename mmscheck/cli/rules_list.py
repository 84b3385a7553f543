"""``mmscheck rules list``: the rules as a table or as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from mmscheck.cli.output import page
from mmscheck.cli.rules_read import CONFIG, configuration, read_entries
from mmscheck.cli.say import write_stdout
from mmscheck.report.rule_entry import render_json
from mmscheck.report.rule_text import render_table


@click.command(name="list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--profile", metavar="NAME", help="Only the rules of this profile, as it changes them.")
@CONFIG
def command(form: str, profile: str | None, config_file: Path | None) -> int:
    """List the rules by family: id, severity, target, owner and title.

    Without --profile: every rule there is, also those of the configuration's own folders, as their files
    have them. With --profile: the rules it selects, with the severities and numbers that the profile and
    the configuration give them. JSON is an array with one object per rule and has everything.
    """
    entries = read_entries(configuration(config_file), profile)
    write_stdout(render_json(entries) if form == "json" else render_table(entries, page()))
    return 0
