"""Names that look alike are one name: none that differs only in what nobody sees is taken."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from mmscheck.base.names import usable_name
from mmscheck.errors import UsageError
from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import ClaimRefused, Recorded
from tests.support.command import fields, message, mmscheck
from tests.support.ledgers import accepted, claimed, intent

NAME = "summer-é"
SAME = (NAME, unicodedata.normalize("NFD", NAME))
ALIKE = (
    *(f"{NAME} ", f" {NAME}", f"{NAME}\u00a0", f"{NAME}\u3000", f"{NAME}\t", f"{NAME}\n", "summer  1", " "),
    *(f"sum{char}mer" for char in ("\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u202e", "\u2066")),
    *(
        f"sum{char}mer"
        for char in ("\ufe0f", "\ufe00", "\U000e0100", "\u034f", "\u3164", "\u2800", "\U000e0061")
    ),
    *("", "x" * 101, "a\0b", "\ud800"),
)


def test_a_name_has_one_form() -> None:
    assert {usable_name("name", text, 100) for text in SAME} == {NAME}


@pytest.mark.parametrize("text", ALIKE)
def test_what_nobody_sees_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="the name"):
        usable_name("the name", text, 100)


def test_every_character_without_a_shape_is_refused() -> None:
    unseen = [
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in {"Cf", "Cc", "Zl", "Zp"}
    ]
    for char in unseen:
        with pytest.raises(UsageError):
            usable_name("name", f"sum{char}mer", 100)


@pytest.mark.parametrize("option", ["--campaign", "--idempotency-key"])
@pytest.mark.parametrize("text", ["summer ", "sum\u200bmer"])
async def test_the_command_refuses_such_a_name_and_checks_nothing(
    tmp_path: Path, option: str, text: str
) -> None:
    (tmp_path / "sale.xml").write_text(message("<message-text>Hello</message-text>"))
    (tmp_path / "all.csv").write_text("to\n15551230001\n")
    given = ["--recipients", "all.csv", *fields(to=None)] if option == "--campaign" else fields()
    ran = await mmscheck("send", "sale.xml", *given, option, text, cwd=tmp_path)
    assert ran.code == 2
    assert option in ran.err


async def test_the_ledger_knows_a_key_in_each_of_its_forms(tmp_path: Path) -> None:
    async with await open_ledger(str(tmp_path / "l")) as ledger:
        await ledger.answer(await claimed(ledger, SAME[0]), accepted("T1"))
        assert isinstance(await ledger.claim(intent(SAME[1])), Recorded)
        for text in ALIKE[:3]:
            with pytest.raises(UsageError, match="the idempotency key"):
                await ledger.claim(intent(text))
        assert not isinstance(await ledger.claim(intent("another")), ClaimRefused)
