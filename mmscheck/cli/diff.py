"""``mmscheck diff``: what changed between two JSON reports."""

from __future__ import annotations

from pathlib import Path

import click

from mmscheck.cli.files import replace_file
from mmscheck.cli.output import destinations as read_destinations
from mmscheck.cli.output import page
from mmscheck.cli.say import write_stdout
from mmscheck.cli.spared import spare


@click.command(name="diff")
@click.argument("old", metavar="OLD.json", type=click.Path(path_type=Path))
@click.argument("new", metavar="NEW.json", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, markdown, html or json; repeatable.",
)
@click.option("--only-new", is_flag=True, help="List only what is new or not known any more.")
def command(old: Path, new: Path, formats: tuple[str, ...], *, only_new: bool) -> int:
    """Compare two JSON reports: what was fixed, what is new, what remains, what is not known any more.

    Reports are made with check, lint or send and --format json=FILE or jsonl=FILE. A rule that one of both
    runs did not evaluate is named as not comparable, and never counts as fixed.

    Exit codes: 0 compared, and nothing that blocks got worse; 1 something that blocks failed and did not
    before; 2 usage, or a file that is no such report; 3 nothing of that, but something that blocks is not
    known any more; 4 the comparison could not be written.
    """
    from mmscheck.diff import DIFF_FORMATS, compare, new_alone  # noqa: PLC0415 - --version must stay light
    from mmscheck.report.json_read import read_report  # noqa: PLC0415 - likewise
    from mmscheck.report.layout import Page  # noqa: PLC0415 - likewise

    wanted = read_destinations(formats, DIFF_FORMATS)
    spare({}, wanted, inputs=(old, new))
    comparison = compare(read_report(old), read_report(new), old_file=str(old), new_file=str(new))
    if only_new:
        comparison = new_alone(comparison)
    for item in wanted:
        if item.file is not None:
            replace_file(item.file, DIFF_FORMATS[item.format](comparison, Page(width=100, color=False)))
    for item in wanted:
        if item.file is None:
            write_stdout(DIFF_FORMATS[item.format](comparison, page()))
    return comparison.exit_code
