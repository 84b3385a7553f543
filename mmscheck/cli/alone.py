"""``mmscheck check URL``: media on a web server, without a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmscheck.cli import options as opts
from mmscheck.cli.cache import open_cache
from mmscheck.cli.lint_paths import STDIN, is_url
from mmscheck.cli.output import Destination, shows_media, write_reports
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import Progress
from mmscheck.cli.progress_hosts import CheckProgress
from mmscheck.cli.running import run
from mmscheck.cli.spared import spare
from mmscheck.errors import UsageError
from mmscheck.judge import gate
from mmscheck.judge.pipeline import CheckOptions, check_urls
from mmscheck.report import View

_OF_MESSAGES = ("custom_subject", "custom_text", "data", "fail_fast")


def check_alone(urls: Sequence[str], given: Mapping[str, Any], wanted: tuple[Destination, ...]) -> int:
    """Check these URLs, report, and return the exit code. Raises UsageError for what needs a message."""
    if others := [each for each in urls if not is_url(each)]:
        raise UsageError(f"{others[0]}: URLs and messages are checked apart; give either")
    if named := [name for name in _OF_MESSAGES if given[name]]:
        raise UsageError(f"--{named[0].replace('_', '-')} is about messages, and URLs were given")
    # As for a message from standard input: the configuration of this folder.
    config = opts.configuration(given, (STDIN,))
    spare(given, wanted, config=config)
    ruleset, policy = opts.ruleset(given, config), opts.policy(given, config)
    with open_cache(given) as cache, Progress(wanted=not given["no_progress"]) as line:
        options = CheckOptions(
            policy=policy,
            strict=given["strict"] or config.strict,
            on_done=CheckProgress(line, urls, 0).came,
            sending=sending(given["send_at"], given["send_within"]),
            deep=given["deep"],
            cache_bust=not given["no_cache_bust"],
            cache=cache,
            previews=shows_media(wanted),
        )
        report = run(check_urls(urls, ruleset, options))
    verdict = gate.verdict(report)
    write_reports(wanted, View(report=report, verdict=verdict, quiet=given["quiet"]))
    return verdict.exit_code
