"""What click lacks: options as typed values, subcommands that are imported when they run, help in groups.

A group of options is a frozen struct whose fields carry their own click option: the name of a field is the
parameter's name, the order of the fields is that of ``--help``, and a field that is a group itself stands for
all of its options. `with_options` adds them to a command and calls it with the one value::

    class CheckArguments(msgspec.Struct, frozen=True, kw_only=True):
        deep: Annotated[bool, click.option("--deep", is_flag=True, help="...")]
        network: NetworkOptions

    @click.command(name="check")
    @with_options(CheckArguments)
    def command(*, options: CheckArguments) -> int: ...
"""

from __future__ import annotations

import functools
import importlib
import typing
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import click
import msgspec

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def with_options(struct: type[msgspec.Struct]) -> Callable[[_Command], Callable[..., Any]]:
    """Add the options of a struct to a command, which is called with them as one value: ``options=``."""

    def decorate(command: _Command) -> Callable[..., Any]:
        @functools.wraps(command)
        def called(**values: Any) -> Any:
            options = from_values(struct, values)
            names = frozenset(name for name, _ in declared_options(struct))
            others = {name: value for name, value in values.items() if name not in names}
            return command(**others, options=options)

        wrapped: Callable[..., Any] = called
        for _, declared in reversed(tuple(declared_options(struct))):
            wrapped = declared(wrapped)
        return wrapped

    return decorate


def from_values(struct: type[_Struct], values: Mapping[str, Any]) -> _Struct:
    """The struct of click's parameters; raises KeyError for a field whose name is not its parameter's."""
    return struct(
        **{
            name: from_values(hint, values) if _is_group(hint) else values[name]
            for name, hint in typing.get_type_hints(struct).items()
        }
    )


def values_of(options: msgspec.Struct) -> dict[str, Any]:
    """Every option by its parameter's name, those of the groups too: the opposite of `from_values`."""
    values: dict[str, Any] = {}
    for name in options.__struct_fields__:
        value = getattr(options, name)
        values |= values_of(value) if isinstance(value, msgspec.Struct) else {name: value}
    return values


def declared_options(struct: type[msgspec.Struct]) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Every parameter's name with the click decorator that declares it, in the order of ``--help``."""
    for name, hint in typing.get_type_hints(struct, include_extras=True).items():
        if _is_group(hint):
            yield from declared_options(hint)
        else:
            yield name, hint.__metadata__[0]


def _is_group(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it runs, so that start-up stays light.

    ``subcommands``: by name the place, as ``module:attribute`` below ``mmscheck.cli``, and one line of help.
    """

    def __init__(self, *args: Any, subcommands: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        """Take click's own arguments beside them."""
        super().__init__(*args, **settings)
        self._subcommands = subcommands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, in the order of the help."""
        return list(self._subcommands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, imported now; None where there is none of this name."""
        if cmd_name not in self._subcommands:
            return None
        module, _, attribute = self._subcommands[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"mmscheck.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the lines of help, without an import."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._subcommands.items()])


GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What is sent", ("mms_id", "to", "from_", "service_id", "fallback_sms_text", "operator_id")),
    ("What is bound", ("replace", "encoded", "reason", "who")),
    ("What this send changes", ("custom_subject", "custom_text", "data")),
    (
        "How the call is made",
        ("dry_run", "api", "api_key_file", "api_url", "api_ca_file", "retries", "retry_seconds"),
    ),
    (
        "Whom it may reach",
        (
            *("list_name", "quiet_hours", "quiet_rows", "marketing", "min_gap", "per_day", "countries"),
            *("require_consent", "consent_source", "consent_at"),
        ),
    ),
    ("The record of sends", ("where", "idempotency_key")),
    (
        "How the message is judged",
        (
            *("sender", "carriers", "providers", "strict", "profile", "config_file", "transcoding"),
            *("send_at", "send_within"),
        ),
    ),
    ("What is shown", ("formats", "all_evaluations", "quiet", "no_progress")),
    (
        "Many recipients",
        (
            *("recipients", "campaign", "proof", "approve", "despite", "skip_bad", "row_log", "max_cost"),
            *("send_rate", "in_flight", "canary"),
            *("canary_wait", "stop_at_failure_rate", "max_failures", "recheck_every"),
        ),
    ),
    (
        "Device discovery message",
        ("ddm_force", "ddm_message_text", "ddm_message_subject", "ddm_message_timeout"),
    ),
)
"""Headings and the parameters below them, both in the order in which they are shown."""

ARGUMENTS = MappingProxyType(
    {
        "path": "The message: a file of slide XML, or - for standard input.",
        "mms_id": "The id that the provider gave the message.",
    }
)
"""What stands in no option, by the parameter's name."""

FETCHING = "How media are fetched, and the rest"
"""The last heading: every option that no group names."""


class GroupedCommand(click.Command):
    """A command whose help lists options below headings; an option that nobody placed stands in the last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every group that the command has an option of."""
        params = self.get_params(ctx)
        arguments = [param for param in params if isinstance(param, click.Argument)]
        _write(
            formatter,
            "Arguments",
            [(each.make_metavar(ctx), ARGUMENTS[each.name or ""]) for each in arguments],
        )
        left = {
            param.name: record
            for param in params
            if param not in arguments and (record := param.get_help_record(ctx)) is not None
        }
        for title, names in GROUPS:
            records = [left.pop(name) for name in names if name in left]
            _write(formatter, title, records)
        _write(formatter, FETCHING, list(left.values()))


def _write(formatter: click.HelpFormatter, title: str, records: list[tuple[str, str]]) -> None:
    if records:
        with formatter.section(title):
            formatter.write_dl(records)
