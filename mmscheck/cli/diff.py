"""``mmscheck diff``: what changed between two JSON reports."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mmscheck.cli.files import replace_file
from mmscheck.cli.fleet import FLEET_MISSING
from mmscheck.cli.output import destinations as read_destinations
from mmscheck.cli.output import page
from mmscheck.cli.say import write_stdout
from mmscheck.cli.spared import spare
from mmscheck.errors import UsageError


@click.command(name="diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, markdown, html or json, for two stores csv and no json; repeatable.",
)
@click.option("--only-new", is_flag=True, help="List only what is new or not known any more.")
def command(old: str, new: str, formats: tuple[str, ...], *, only_new: bool) -> int:
    """Compare two JSON reports: what was fixed, what is new, what remains, what is not known any more.

    Reports are made with check, lint or send and --format json=FILE or jsonl=FILE, or are two stores of check
    --store. A rule that one of both runs did not evaluate is named as not comparable, and never counts as
    fixed.

    Exit codes: 0 compared, and nothing that blocks got worse; 1 something that blocks failed and did not
    before; 2 usage, or a file that is no such report; 3 nothing of that, but something that blocks is not
    known any more; 4 the comparison could not be written.
    """
    stores = [_is_store(each) for each in (old, new)]
    if any(stores):
        if not all(stores):
            raise UsageError("a store is compared with a store: give two of check --store, or two reports")
        return _compare_stores(old, new, formats, only_new=only_new)
    from mmscheck.diff import DIFF_FORMATS, compare, new_alone  # noqa: PLC0415 - --version must stay light
    from mmscheck.report.json_read import read_report  # noqa: PLC0415 - likewise
    from mmscheck.report.layout import Page  # noqa: PLC0415 - likewise

    wanted = read_destinations(formats, DIFF_FORMATS)
    spare({}, wanted, inputs=(old, new))
    comparison = compare(read_report(Path(old)), read_report(Path(new)), old_file=old, new_file=new)
    if only_new:
        comparison = new_alone(comparison)
    for item in wanted:
        if item.file is not None:
            replace_file(item.file, DIFF_FORMATS[item.format](comparison, Page(width=100, color=False)))
    for item in wanted:
        if item.file is None:
            write_stdout(DIFF_FORMATS[item.format](comparison, page()))
    return comparison.exit_code


def _is_store(place: str) -> bool:
    """Whether a folder or what is elsewhere is named: reports are files."""
    return "://" in place or os.path.isdir(place)  # noqa: PTH112 - Path.is_dir raises on a NUL in the name


def _compare_stores(old: str, new: str, formats: tuple[str, ...], *, only_new: bool) -> int:
    try:
        from mmscheck.fleet.night_formats import NIGHT_FORMATS, pieces  # noqa: PLC0415 - an extra may be missing
        from mmscheck.fleet.nights import NightReader  # noqa: PLC0415 - likewise
    except ImportError:
        raise UsageError(FLEET_MISSING) from None
    wanted = read_destinations(formats, NIGHT_FORMATS)
    spare({}, wanted, inputs=(old, new))
    with NightReader(old, new) as reader:
        for item in wanted:
            if item.file is not None:
                replace_file(item.file, pieces(item.format, reader, only_new=only_new), private=item.private)
        for item in wanted:
            if item.file is None:
                for piece in pieces(item.format, reader, only_new=only_new):
                    write_stdout(piece)
        return reader.changes(only_new=only_new, most=1).exit_code
