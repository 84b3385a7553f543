"""The options of ``mmscheck sandbox`` that make the provider slow, strict, unreliable or talkative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from mmscheck.errors import UsageError
from mmscheck.sandbox import TAGS, Carrier, Encoding, Mishaps, Postbacks, Throttle, Ways

_Decorated = TypeVar("_Decorated", bound=Callable[..., object])

SECONDS = click.FloatRange(min=0)
CHANCE = click.FloatRange(min=0, max=1)


def _seconds(name: str, text: str, default: float | None = None) -> Callable[[_Decorated], _Decorated]:
    return click.option(
        name, type=SECONDS, default=default, show_default=default is not None, metavar="SECONDS", help=text
    )


def _chance(name: str, text: str) -> Callable[[_Decorated], _Decorated]:
    return click.option(name, type=CHANCE, default=0.0, metavar="PROBABILITY", help=text)


_OPTIONS = (
    _seconds("--answer-seconds", "Wait so long before acting on each call.", 0.0),
    _seconds(
        "--encode-seconds",
        "Encode audio and video for so long after saveMMS: E626 until N003; E002 or E003 where a file cannot"
        " be decoded. Without it every message is ready at once and nothing is decoded.",
    ),
    click.option(
        "--encode-images", is_flag=True, help="Encode images as well: E004 where one cannot be decoded."
    ),
    _seconds("--carrier-seconds", "Wait so long before N101, and again before N102 or E102.", 0.0),
    click.option(
        "--carrier-bytes",
        type=click.IntRange(min=1),
        metavar="BYTES",
        help="Larger messages, as estimated on the way to a phone, are accepted and end in E102.",
    ),
    click.option(
        "--unreachable", multiple=True, metavar="NUMBER", help="Sends to this number end in E102. Repeatable."
    ),
    _chance("--failures", "Sends that end in E102, at random."),
    _seconds("--call-gap", "Refuse with E106 a call sooner than this after the one before.", 0.0),
    click.option(
        "--max-rate",
        type=click.FloatRange(min=0, min_open=True),
        metavar="CALLS",
        help="Refuse with E113 more calls of one action in a second.",
    ),
    click.option(
        "--mishap",
        multiple=True,
        metavar="NAME=PROBABILITY",
        help="How often a call goes wrong in one of the ways listed above. Repeatable.",
    ),
    click.option(
        "--mishap-action",
        multiple=True,
        default=("sendSavedMMS",),
        show_default=True,
        metavar="ACTION",
        help="The calls that go wrong. Repeatable.",
    ),
    _seconds("--late-seconds", "How long late-before and late-answer wait.", 60.0),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Begin every drawing of chances from here."
    ),
    click.option(
        "--postback-url", metavar="URL", help="POST notifications to this http address on this machine."
    ),
    click.option(
        "--postback-tags",
        type=click.Choice(TAGS),
        default="documented",
        show_default=True,
        help="Case of the tags; documented: upper about saved messages, lower about sends.",
    ),
    _seconds("--postback-timeout", "Longest wait for status 200 to a notification.", 10.0),
    _seconds("--postback-retry", "Time until a notification without status 200 is tried again.", 300.0),
    click.option(
        "--postback-retries",
        type=click.IntRange(min=0),
        default=5,
        show_default=True,
        help="How often a notification is tried again.",
    ),
    _chance("--postback-duplicates", "Notifications that come twice."),
    _chance("--postback-disorder", "Notifications that the next one overtakes."),
    _chance("--postback-loss", "Notifications that never come."),
)


def with_ways(function: _Decorated) -> _Decorated:
    """Add the options to a command, which gets them as keyword arguments for ``read_ways``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_ways(**given: Any) -> Ways:
    """The ways asked for; raises UsageError for options that make no sense alone, SandboxError for values."""
    if given["encode_images"] and given["encode_seconds"] is None:
        raise UsageError("--encode-images needs --encode-seconds")
    encode, seed = given["encode_seconds"], given["seed"]
    return Ways(
        answer_seconds=given["answer_seconds"],
        encoding=None if encode is None else Encoding(seconds=encode, images=given["encode_images"]),
        carrier=Carrier(
            seconds=given["carrier_seconds"],
            max_bytes=given["carrier_bytes"],
            unreachable=frozenset(given["unreachable"]),
            failures=given["failures"],
            seed=seed,
        ),
        throttle=Throttle(gap=given["call_gap"], rate=given["max_rate"]),
        mishaps=Mishaps(
            chances=dict(map(_mishap, given["mishap"])),
            actions=given["mishap_action"],
            seed=seed,
            late_seconds=given["late_seconds"],
        ),
        postbacks=_postbacks(given),
    )


def _postbacks(given: dict[str, Any]) -> Postbacks | None:
    if given["postback_url"] is None:
        return None
    return Postbacks(
        url=given["postback_url"],
        tags=given["postback_tags"],
        answer_seconds=given["postback_timeout"],
        retry_seconds=given["postback_retry"],
        retries=given["postback_retries"],
        duplicates=given["postback_duplicates"],
        disorder=given["postback_disorder"],
        loss=given["postback_loss"],
        seed=given["seed"],
    )


def _mishap(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError:
        raise UsageError(f"--mishap {text!a}: must be NAME=PROBABILITY, such as close-after=0.1") from None
