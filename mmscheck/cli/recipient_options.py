"""The options that say on what terms a number may be texted."""

from __future__ import annotations

from typing import Annotated

import click
import msgspec

from mmscheck import ruleset as rulesets
from mmscheck.cli.plan import duration
from mmscheck.errors import UsageError
from mmscheck.model.recipient import Consent, QuietHours, RecipientRules, quiet_hours

_CODE = 2
"""Letters of an ISO 3166-1 code."""


class RecipientOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of every number; None is what nobody gave: ``[recipients]`` may have it."""

    list_name: Annotated[
        str | None,
        click.option(
            "--list",
            "list_name",
            metavar="NAME",
            help="The list of recipients that this is, as suppressions name it.",
        ),
    ] = None
    quiet_hours: Annotated[
        str | None,
        click.option(
            "--quiet-hours",
            metavar="HH:MM-HH:MM",
            help="Text nobody then, by the clocks of the number's own area: 21:00-08:00.",
        ),
    ] = None
    quiet_rows: Annotated[
        str | None,
        click.option(
            "--quiet-rows",
            type=click.Choice(["wait", "leave"]),
            help="A campaign waits for the end of quiet hours, or leaves such rows out (default: wait).",
        ),
    ] = None
    marketing: Annotated[
        bool | None,
        click.option(
            "--marketing", is_flag=True, default=None, help="Without --quiet-hours: those of each country."
        ),
    ] = None
    min_gap: Annotated[
        str | None,
        click.option("--min-gap", metavar="DURATION", help="From one message to a number to the next: 16h."),
    ] = None
    per_day: Annotated[
        int | None,
        click.option(
            "--per-day", type=click.IntRange(min=1), metavar="N", help="At most N to a number in 24 hours."
        ),
    ] = None
    countries: Annotated[
        tuple[str, ...],
        click.option(
            "--country",
            "countries",
            multiple=True,
            metavar="CC",
            help="Text only numbers of it: US. Repeatable.",
        ),
    ] = ()
    require_consent: Annotated[
        bool | None,
        click.option(
            "--require-consent",
            is_flag=True,
            default=None,
            help="Only with a consent-source and a consent-at (columns, or the options of one send).",
        ),
    ] = None
    consent_source: Annotated[
        str | None,
        click.option("--consent-source", metavar="TEXT", help="Of one send: where consent came from."),
    ] = None
    consent_at: Annotated[
        str | None, click.option("--consent-at", metavar="DATE", help="Of one send: when it was given.")
    ] = None

    @property
    def consent(self) -> Consent | None:
        """What is known of one send's consent."""
        source, at = self.consent_source or "", self.consent_at or ""
        return Consent(source=source, at=at) if source or at else None

    def rules(self, config: rulesets.RecipientsTable) -> RecipientRules:
        """The rules; raises UsageError for an option that cannot be read."""
        gap = self.min_gap or config.min_gap
        wait = (self.quiet_rows or config.quiet_rows) == "wait"
        return RecipientRules(
            quiet=_quiet(self.quiet_hours or config.quiet_hours),
            marketing=config.marketing if self.marketing is None else self.marketing,
            wait=wait,
            gap=None if gap is None else duration("--min-gap", gap, "16h or 2d"),
            per_day=self.per_day or config.per_day,
            countries=tuple(map(_country, self.countries)) or config.countries,
            require_consent=(
                config.require_consent if self.require_consent is None else self.require_consent
            ),
            list_name=self.list_name or config.list or "",
        )


def _quiet(text: str | None) -> QuietHours | None:
    if text is None:
        return None
    if (hours := quiet_hours(text)) is None:
        raise UsageError(f"--quiet-hours {text!a}: expected hours of a day such as 21:00-08:00")
    return hours


def _country(text: str) -> str:
    if len(text) != _CODE or not text.isascii() or not text.isalpha():
        raise UsageError(f"--country {text!a}: expected a country's ISO code such as US")
    return text.upper()
