"""Every command of the program with what its parameters do to files: read, write, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import click

from mmscheck.cli.main import cli

READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "path": ("sale.xml",),
        "paths": ("sale.xml", "msgs/deep/b.xml", "msgs/photo.jpg"),
        "old": ("old.json",),
        "new": ("new.json",),
        "config_file": ("named.toml",),
        "ca_file": ("ca.pem",),
        "api_ca_file": ("api-ca.pem",),
        "api_key_file": ("key",),
        "secret_file": ("secret",),
        "tokens_file": ("tokens.toml",),
        "recipients": ("people.csv",),
        "proof": ("phones.csv",),
        "numbers_file": ("people.csv",),
        "baseline": ("known.json",),
        "folders": (),
        "media_dir": (),
        "cluster_tls": (),
        "run": ("a-run/run.json",),
        "tls": (),
    }
)
"""Parameters that name something to read, and the files of the lab that a run with them reads."""

WRITTEN = frozenset({"formats", "output", "row_log", "where", "write_baseline"})
"""Parameters that name a file to write, or a folder for copies."""

MADE = frozenset({"cache_folder", "store", "file", "folder", "export_file"})
"""A copy that replaces nothing; folders for files of the program's own names, which replace none."""

NEITHER = frozenset(
    {
        *(
            "all_evaluations",
            "allow_net",
            "answer_seconds",
            "api_key",
            "api_url",
            "as_",
            "meant_for",
            "cache_ttl",
            "call_gap",
            "campaign",
        ),
        *("canary", "canary_wait", "carrier_bytes", "carrier_seconds", "carriers", "check_name"),
        *("connect_to", "control_port", "custom_subject", "custom_text", "data", "ddm_force"),
        *("ddm_message_subject", "ddm_message_text", "ddm_message_timeout", "deadline", "deep", "dry_run"),
        "one_shot",
        *(
            "encode_images",
            "encode_seconds",
            "encoded",
            "exclude",
            "expect",
            "fail_fast",
            "failures",
            "require_confinement",
            "sample_probes",
        ),
        *(
            "again",
            "new_ledger",
            "require_confinement",
            "force",
            "from_postbacks",
            "ids",
            "limit",
            "only_new",
            "no_secret",
            "since",
            "what",
        ),
        *("background", "country", "in_place", "jobs", "shape", "still", "trim"),
        *("hosts", "origins", "slots", "queue", "require_approval", "reuse_port"),
        *("fallback_sms_text", "false_permits", "family", "form", "from_", "idempotency_key", "in_flight"),
        *(
            "api",
            "json_answer",
            "late_seconds",
            "listen",
            "max_concurrency",
            "max_cost",
            "approve",
            "despite",
            "max_failures",
            "max_rate",
            "media_port",
            "mishap",
        ),
        *("mishap_action", "mms_id", "no_cache_bust", "no_progress", "operator_id", "per_host"),
        *("postback_disorder", "postback_duplicates", "postback_loss", "postback_retries"),
        *("postback_retry", "postback_tags", "postback_timeout", "postback_url", "profile"),
        *(
            "provider_code",
            "provider_port",
            "providers",
            "proxy",
            "quiet",
            "rate",
            "reason",
            "recheck_every",
            "replace",
        ),
        *("retries", "retry_seconds", "rule_id", "seed", "send_at", "send_id", "send_rate", "send_within"),
        *("sender", "service_id", "skip_bad", "skip_other_xml", "state", "stop_at_failure_rate", "strict"),
        *(
            "address",
            "cluster",
            "host",
            "hosts",
            "owner",
            "resume",
            "rule",
            "slots",
            "source",
            "sql",
            "workers",
        ),
        *("account", "ended", "list_name", "numbers", "stop_scope", "quiet_hours", "quiet_rows"),
        *(
            "number",
            "older_than",
            "marketing",
            "min_gap",
            "per_day",
            "countries",
            "require_consent",
            "consent_source",
            "consent_at",
        ),
        *("timeout", "to", "transcoding", "unmatched", "unreachable", "user_agent", "who", "yes"),
    }
)
"""Parameters that name no file."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that can be run, by its words: ``ledger list`` and so on."""
    yield from _below(cli, "", click.Context(cli))


def _below(group: click.Group, words: str, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _below(command, f"{words}{name} ", context)
        else:
            yield f"{words}{name}", command
