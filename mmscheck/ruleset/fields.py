"""The kinds of text and number that rule, limit, profile and configuration files are made of.

Each carries a description, which is what a fault says was expected.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

KEBAB = r"\A[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z"
"""Lower-case words of letters and digits joined by single hyphens."""

Kebab = Annotated[str, Meta(pattern=KEBAB, description="a kebab-case name such as 'slide-count'")]
"""An id."""

Filled = Annotated[str, Meta(pattern=r"\S", description="a text that is not blank")]
"""A text somebody wrote."""

ProviderCode = Annotated[str, Meta(pattern=r"\A[EN][0-9]{3}\Z", description="a provider code such as 'E312'")]
"""A code of the provider's list: E for errors, N for notices."""

PREFIX = r"\Ahttps?://[^\s/?#@\\]+/(?:[^\s?#\\]*/)?\Z"
"""An absolute http or https URL that ends after a slash: a longer name beside it would match otherwise."""

Prefix = Annotated[
    str,
    Meta(pattern=PREFIX, description="a URL prefix that ends in /, such as 'https://media.example.com/mms/'"),
]
"""What URLs below one folder have in common."""

HOST = r"\A[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[0-9]{1,5})?\Z"
"""A host name in small letters, with or without a port."""

Host = Annotated[
    str,
    Meta(pattern=HOST, description="a host in small letters, such as 'media.example.com' or 'cdn.test:8080'"),
]
"""A server that files come from."""

DOMAIN = r"\A[a-z0-9-]+(?:\.[a-z0-9-]+)+\Z"
"""A host name of at least two parts in small letters, in ASCII."""

Domain = Annotated[str, Meta(pattern=DOMAIN, description="a domain in small letters, such as 'example.com'")]
"""A host, with all hosts below it."""

Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z", description="a currency such as 'USD'")]
Money = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9]{1,9}(?:\.[0-9]{1,9})?\Z",
        description="an amount in quotation marks, such as '0.0079'",
    ),
]
"""A text, because a number with a point is a binary fraction in TOML, and no amount of money is."""

Seconds = Annotated[float, Meta(gt=0, description="a number of seconds above 0")]
PerSecond = Annotated[float, Meta(gt=0, description="a number of requests per second above 0")]
Count = Annotated[int, Meta(ge=1, description="a whole number from 1")]

_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
Hours = Annotated[
    str, Meta(pattern=rf"\A{_TIME}-{_TIME}\Z", description="hours of a day such as '21:00-08:00'")
]
Span = Annotated[
    str, Meta(pattern=r"\A[0-9]{1,6}(?:s|m|h|d)\Z", description="a duration such as '16h' or '2d'")
]
Country = Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z", description="a country's ISO code such as 'US'")]
