"""Payloads with made-up damage: a message, a problem, or nobody's; never an error or half a message."""

from __future__ import annotations

import json
import random

import pytest

from mmscheck.judge.documents import other_message
from mmscheck.model.words import Document
from tests.payloads.test_whose_message import BY_PROVIDER

WHOLE = [
    *(json.dumps(each).encode() for each in BY_PROVIDER.values()),
    b"To=%2B1415&From=2&Body=a&MediaUrl=https%3A%2F%2Fa%2Fb.jpg",
    b"https://a/b.jpg\nhttps://c/d.png",
]
JUNK = (
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"%",
    b"&",
    b"=",
    b"\xff",
    b"\\u",
    b"1e999",
    b"\n",
    b"//",
)


def damaged(pick: random.Random) -> bytes:
    data = bytearray(pick.choice(WHOLE))
    for _ in range(pick.randint(1, 5)):
        at = pick.randrange(len(data) + 1)
        if pick.random() < 0.5:
            data[at:at] = pick.choice(JUNK)
        else:
            del data[at : at + pick.randint(1, 8)]
    return bytes(data)


@pytest.mark.parametrize("seed", range(8))
def test_damage_never_ends_in_an_error(seed: int) -> None:
    pick = random.Random(seed)
    for _ in range(400):
        data, said = damaged(pick), pick.choice(["", *BY_PROVIDER, "urls"])
        message = other_message(data, "a", said)
        if message is None:
            assert not said
            continue
        assert message.document is Document.OTHER
        assert (message.problem is None) == bool(message.slides), data
