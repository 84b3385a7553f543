"""``mmscheck new``: a first message to edit, and the schema that editors complete and check it by."""

from __future__ import annotations

import importlib.resources
import shlex
from pathlib import Path

import click

from mmscheck.cli.say import tell, write_stdout
from mmscheck.errors import InputError, UsageError

STDOUT = Path("-")
_SCHEMA = "slide.xsd"
_NEXT = """wrote {file}

Next:
  1. Edit it: subject, name, texts, and where the files are. Every element: docs/slide-xml.md, or
     mmscheck new schema -
  2. mmscheck lint {file}     no network needed
  3. mmscheck check {file}    fetches every file as the provider will
"""
_ASSOCIATE = """wrote {file}

Give it to your editor for slide XML. In settings.json of VS Code with the extension XML (Red Hat):
  "xml.fileAssociations": [{{"pattern": "messages/*.xml", "systemId": "{file}"}}]
A program checks by it too: xmllint --noout --schema {file} YOUR-MESSAGE.xml
"""


@click.group(name="new")
def command() -> None:
    """Begin a message, or write the schema for editors. Files that are there are never touched.

    Exit codes: 0 written, 2 the file is there already or cannot be written, 4 standard output is gone.
    """


@command.command()
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), default=Path("message.xml"))
def message(file: Path) -> int:
    """Write a message that passes mmscheck lint to FILE (default: message.xml; - for standard output)."""
    return _write(file, "message.xml", _NEXT)


@command.command()
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), default=Path(_SCHEMA))
def schema(file: Path) -> int:
    """Write the XML Schema of messages to FILE (default: slide.xsd; - for standard output)."""
    return _write(file, _SCHEMA, _ASSOCIATE)


def _write(file: Path, name: str, next_steps: str) -> int:
    text = importlib.resources.files("mmscheck.slidexml").joinpath(name).read_text(encoding="utf-8")
    if file == STDOUT:
        write_stdout(text)
        return 0
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise UsageError(f"{file} is there already; name another file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no name of a file"
        raise InputError(f"{file}: cannot be written: {reason}") from error
    tell(next_steps.format(file=shlex.quote(str(file))))
    return 0
