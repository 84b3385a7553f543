"""The options of ``mmscheck send``: of one send, and of a campaign, which sends to every row of a file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import click
import msgspec

from mmscheck import campaign as campaigns
from mmscheck import judge
from mmscheck import ruleset as rulesets
from mmscheck import send as sends
from mmscheck.base.names import LONGEST_KEY, LONGEST_NAME, usable_name
from mmscheck.cli.environment import by_variable
from mmscheck.cli.ledger_open import Where, login
from mmscheck.cli.options import ChangeOptions, changes
from mmscheck.cli.perform import MessageOptions, OutputOptions
from mmscheck.cli.plan import MONEY, duration
from mmscheck.cli.provider import ProviderOptions
from mmscheck.cli.recipient_options import RecipientOptions
from mmscheck.errors import UsageError
from mmscheck.model.mms import Mms
from mmscheck.model.request import OneShotRequest, SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import Dialect, sender_type

_RATE = click.FloatRange(min=0, min_open=True)
_COUNT = click.IntRange(min=1)


def _usable_key(_context: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    """The idempotency key as given; one that no ledger can keep is refused before anything is fetched."""
    return None if key is None else usable_name("--idempotency-key", key, LONGEST_KEY)


def _campaign_name(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    """The name in the form in which the ledger has it."""
    return None if name is None else usable_name("--campaign", name, LONGEST_NAME)


class SendFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the request; None is one that is left out."""

    mms_id: Annotated[
        str | None, click.option("--mms-id", metavar="ID", help="The id that saveMMS gave this message.")
    ]
    to: Annotated[
        str | None, click.option("--to", metavar="NUMBER", help="Country code and number, digits only.")
    ]
    from_: Annotated[
        str | None,
        click.option(
            "--from",
            "from_",
            metavar="NUMBER",
            help="One of the account's numbers, digits only; default: MMSCHECK_FROM, else [send].",
            **by_variable("MMSCHECK_FROM", "one of the account's numbers"),
        ),
    ]
    service_id: Annotated[
        str | None,
        click.option(
            "--service-id",
            metavar="ID",
            help="The campaign or service id; default: MMSCHECK_SERVICE_ID, else [send].",
            **by_variable("MMSCHECK_SERVICE_ID", "the campaign or service id"),
        ),
    ]
    fallback_sms_text: Annotated[
        str | None,
        click.option(
            "--fallback-sms-text",
            metavar="TEXT",
            help="Sent as SMS where MMS cannot be delivered; default: MMSCHECK_FALLBACK_SMS_TEXT, else "
            "[send].",
            **by_variable("MMSCHECK_FALLBACK_SMS_TEXT", "the text"),
        ),
    ]
    operator_id: Annotated[
        str | None,
        click.option("--operator-id", metavar="ID", help="The recipient's carrier, when known."),
    ]
    ddm_force: Annotated[
        str | None,
        click.option(
            "--ddm-force",
            metavar="VALUE",
            help="Device discovery message (the provider deprecated it): send it always.",
        ),
    ]
    ddm_message_text: Annotated[
        str | None,
        click.option("--ddm-message-text", metavar="TEXT", help="Device discovery message: its text."),
    ]
    ddm_message_subject: Annotated[
        str | None,
        click.option("--ddm-message-subject", metavar="TEXT", help="Device discovery message: its subject."),
    ]
    ddm_message_timeout: Annotated[
        str | None,
        click.option(
            "--ddm-message-timeout", metavar="MINUTES", help="Device discovery message: how long to wait."
        ),
    ]

    def filled(self, config: rulesets.Config) -> SendFields:
        """The fields, with the configuration's ``[send]`` for those that nobody gave."""
        names = ("from_", "service_id", "fallback_sms_text", "operator_id")
        missing = {name: getattr(config.send, name) for name in names if getattr(self, name) is None}
        return msgspec.structs.replace(self, **missing)


class CampaignOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a campaign of a send, and bounds it; None is what nobody gave."""

    recipients: Annotated[
        str | None,
        click.option(
            "--recipients",
            metavar="FILE.csv",
            help="Send to every row of this file: columns to, custom-subject, custom-text-N, and merge data.",
        ),
    ]
    campaign: Annotated[
        str | None,
        click.option(
            "--campaign",
            metavar="NAME",
            callback=_campaign_name,
            help="What this campaign is called; default: the message id.",
        ),
    ]
    proof: Annotated[
        str | None,
        click.option(
            "--proof",
            metavar="FILE.csv",
            help="First to these phones (columns to and name), one message for each kind of merge data; then "
            "it waits for --approve.",
        ),
    ]
    approve: Annotated[
        str | None,
        click.option("--approve", metavar="NAME", help="Who approves the proof; then it goes to every row."),
    ]
    despite: Annotated[
        str | None,
        click.option(
            "--despite", metavar="REASON", help="Why --approve counts although the proof did not go well."
        ),
    ]
    skip_bad: Annotated[
        bool | None,
        click.option("--skip-bad", is_flag=True, default=None, help="Leave rows out that the gate denies."),
    ]
    row_log: Annotated[
        Path | None,
        click.option(
            "--row-log",
            type=click.Path(path_type=Path),
            help="List rows denied, refused, not sent, unknown or left.",
        ),
    ]
    max_cost: Annotated[
        Decimal | None,
        click.option(
            "--max-cost",
            type=MONEY,
            metavar="AMOUNT",
            help="Send nothing where it may cost more, by [prices] of the configuration and in its currency.",
        ),
    ]
    send_rate: Annotated[
        float | None,
        click.option(
            "--send-rate",
            type=_RATE,
            metavar="N",
            help="At most N sends a second (default: --rate, else none).",
        ),
    ]
    in_flight: Annotated[
        int | None,
        click.option("--in-flight", type=_COUNT, metavar="N", help="Sends at the same time (default: 64)."),
    ]
    canary: Annotated[
        int | None,
        click.option(
            "--canary", type=_COUNT, metavar="N", help="Send N first, and the rest once those are delivered."
        ),
    ]
    canary_wait: Annotated[
        str | None,
        click.option(
            "--canary-wait",
            metavar="DURATION",
            help="How long to wait for that, as 90s or 10m (default: 10m).",
        ),
    ]
    stop_at_failure_rate: Annotated[
        float | None,
        click.option(
            "--stop-at-failure-rate",
            type=click.FloatRange(min=0, max=100, min_open=True),
            metavar="PERCENT",
            help="Stop when so many of the last 100 sends failed (default: 20).",
        ),
    ]
    max_failures: Annotated[
        int | None,
        click.option(
            "--max-failures", type=_COUNT, metavar="N", help="Stop when so many sends failed in all."
        ),
    ]
    recheck_every: Annotated[
        str | None,
        click.option(
            "--recheck-every",
            metavar="DURATION",
            help="Fetch and judge the media again at this interval, below 10m (default: 5m).",
        ),
    ]

    def proving(self) -> campaigns.ProofPlan:
        """What is asked of a proof; raises UsageError, and InputError for a file of phones that is none."""
        if self.approve is not None and not self.approve.strip():
            raise UsageError("--approve: expected the name of who approves it")
        if self.despite is not None and (self.approve is None or not self.despite.strip()):
            raise UsageError("--despite: a reason, and only together with --approve")
        if self.proof is not None and self.approve is not None:
            raise UsageError("--approve: after the proof has come, in place of --proof")
        approver = None
        if self.approve is not None:
            approver = campaigns.Approver(name=self.approve.strip(), despite=(self.despite or "").strip())
        return campaigns.ProofPlan(
            phones=() if self.proof is None else campaigns.read_phones(self.proof),
            approver=approver,
            who=login(None) if self.proof is not None else "",
        )

    def limits(self, rate: float | None) -> campaigns.CampaignLimits:
        """How fast it goes and what stops it; ``rate`` is that of requests to one host.

        Raises UsageError.
        """
        if self.canary_wait is not None and self.canary is None:
            raise UsageError("--canary-wait: only together with --canary")
        share, wait, recheck = self.stop_at_failure_rate, self.canary_wait, self.recheck_every
        numbers = {
            "rate": self.send_rate or rate,
            "in_flight": self.in_flight,
            "canary": self.canary,
            "canary_wait": None if wait is None else duration("--canary-wait", wait, "90s, 10m or 2h"),
            "failure_share": None if share is None else share / 100,
            "failures": self.max_failures,
            "recheck": None if recheck is None else duration("--recheck-every", recheck, "30s, 2m or 5m"),
        }
        chosen = {name: value for name, value in numbers.items() if value is not None}
        return msgspec.structs.replace(campaigns.CampaignLimits(), **chosen)


class SendArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck send``."""

    fields: SendFields
    dry_run: Annotated[
        bool,
        click.option(
            "--dry-run",
            is_flag=True,
            help="Check, print the exact request with the key redacted, send nothing.",
        ),
    ]
    one_shot: Annotated[
        bool,
        click.option(
            "--one-shot",
            is_flag=True,
            help="Send a sendMMS or sendmms document itself, at once and to one number; nothing is stored.",
        ),
    ]
    provider: ProviderOptions
    idempotency_key: Annotated[
        str | None,
        click.option(
            "--idempotency-key",
            metavar="KEY",
            callback=_usable_key,
            help="What is sent once only; default: made of account, recipient, message id (--one-shot: "
            "content), subject, texts and data.",
        ),
    ]
    again: Annotated[
        bool,
        click.option(
            "--again",
            is_flag=True,
            help="Also to numbers that have this message; once for each --idempotency-key or --campaign "
            "name.",
        ),
    ]
    where: Where
    retries: Annotated[
        int,
        click.option(
            "--retries",
            type=click.IntRange(min=0, max=100),
            default=sends.Retries().count,
            show_default=True,
            metavar="N",
            help="Tries after the first, and only of what certainly was not sent.",
        ),
    ]
    retry_seconds: Annotated[
        float,
        click.option(
            "--retry-seconds",
            type=click.FloatRange(min=0),
            default=sends.Retries().seconds,
            show_default=True,
            metavar="S",
            help="No try begins later than this after the first.",
        ),
    ]
    terms: RecipientOptions
    many: CampaignOptions
    message: MessageOptions
    changes: ChangeOptions
    output: OutputOptions

    def demand_usable(self) -> None:
        """Raise UsageError for options that do not go together."""
        self._demand_one_shot()
        if self.many.recipients is None:
            for name in self.many.__struct_fields__:
                if getattr(self.many, name) is not None:
                    raise UsageError(f"--{name.replace('_', '-')}: only together with --recipients")
            if self.terms.quiet_rows is not None:
                raise UsageError("--quiet-rows: only together with --recipients")
            if self.again and self.idempotency_key is None:
                raise UsageError(
                    "--again: needs an --idempotency-key of its own, under which it is sent once"
                )
            return
        if self.again and self.many.campaign is None:
            raise UsageError(
                "--again: needs a --campaign name of its own, under which each number gets it once"
            )
        if self.dry_run and self.many.approve is not None:
            raise UsageError("--approve: not with --dry-run, which writes nothing")
        own = (("--to", self.fields.to), ("--idempotency-key", self.idempotency_key))
        proof = (("--consent-source", self.terms.consent_source), ("--consent-at", self.terms.consent_at))
        for option, value in (*own, *proof):
            if value is not None:
                raise UsageError(f"{option}: each row of --recipients has its own")

    def _demand_one_shot(self) -> None:
        if not self.one_shot:
            return
        if self.many.recipients is not None:
            raise UsageError("--one-shot: to one number; for --recipients save the message first")
        if self.fields.mms_id is not None:
            raise UsageError("--mms-id: not with --one-shot, which sends what is stored under no id")

    def filled(self, config: rulesets.Config) -> SendArguments:
        """The options, with the configuration's ``[send]`` for those that nobody gave; raises UsageError."""
        provider = self.provider.filled(config, self.message.config.config_file)
        return msgspec.structs.replace(self, fields=self.fields.filled(config), provider=provider)

    def request(self) -> SendRequest:
        """The fields and changes of the send; raises UsageError."""
        return SendRequest(changes=changes(self.changes), **msgspec.structs.asdict(self.fields))

    def at_once(self, message: Mms, document: bytes, config: rulesets.Config) -> SendArguments:
        """The options with the fields of the document; the configuration's are for what is missing still.

        Raises UsageError where options and document differ.
        """
        asked = OneShotRequest(
            document=document, changes=changes(self.changes), **msgspec.structs.asdict(self.fields)
        )
        found = sends.completed(message, asked)
        own = {name: getattr(found, name) for name in self.fields.__struct_fields__}
        filled = msgspec.structs.replace(self.fields, **own).filled(config)
        if message.dialect is Dialect.JSON and own["operator_id"] is None:
            filled = msgspec.structs.replace(filled, operator_id=None)
        return msgspec.structs.replace(self, fields=filled)

    def rules(self, config: rulesets.Config) -> RuleSet:
        """The rules that judge the send; raises RuleSetError, and UsageError for those that judge none."""
        ruleset = self.message.rules(config, hint=sender_type(self.fields.from_))
        # The flow demands it too; here nothing has been fetched yet.
        judge.require_second_gate(ruleset)
        return ruleset

    def tries(self) -> sends.Retries:
        """How often a send is tried."""
        return sends.Retries(count=self.retries, seconds=self.retry_seconds)
