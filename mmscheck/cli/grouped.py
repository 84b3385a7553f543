"""A long ``--help`` in groups, what is needed most first; names and defaults stay what they are."""

from __future__ import annotations

from types import MappingProxyType

import click

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What is sent", ("mms_id", "to", "from_", "service_id", "fallback_sms_text", "operator_id")),
    ("What is bound", ("replace", "encoded", "reason", "who")),
    ("What this send changes", ("custom_subject", "custom_text", "data")),
    (
        "How the call is made",
        ("dry_run", "api_key_file", "api_url", "api_ca_file", "retries", "retry_seconds"),
    ),
    ("The record of sends", ("where", "idempotency_key")),
    (
        "How the message is judged",
        (
            *("sender", "carriers", "providers", "strict", "profile", "config_file", "transcoding"),
            *("send_at", "send_within"),
        ),
    ),
    ("What is shown", ("formats", "quiet", "no_progress")),
    (
        "Many recipients",
        (
            *("recipients", "campaign", "skip_bad", "row_log", "send_rate", "in_flight", "canary"),
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
