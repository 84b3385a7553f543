"""The advice that is shown for each server, applied to that server: what failed before passes after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from mmscheck.model.words import Outcome, Severity
from tests.support.fault_rows import USUAL
from tests.support.servers.judging import Said, judge
from tests.support.servers.mend import Mend
from tests.support.servers.mends import FAULTS, MENDS, advised
from tests.support.servers.world import World, is_served, require_servers

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def after(said: Mapping[str, Said]) -> Iterator[Mapping[str, Said]]:
    """What is said of the same URLs once every server has been given the advice."""
    served = [mend for mend in MENDS if is_served(mend.host)]
    words = {mend.host: advised(mend, said[mend.urls[0]].rules[mend.turned[0]]) for mend in served}
    with World({**FAULTS, **words}) as mended:
        yield judge(mended, [each for mend in served for each in mend.urls])


def named(mend: Mend) -> str:
    return f"{mend.host}: {mend.says}"


@pytest.mark.parametrize("mend", MENDS, ids=named)
def test_before_its_rules_fail_and_errors_deny(mend: Mend, said: Mapping[str, Said]) -> None:
    require_servers(mend.host)
    for each in mend.urls:
        assert said[each].that(Outcome.FAILED) >= set(mend.turned), each
        blocking = any(said[each].rules[rule].severity is Severity.ERROR for rule in mend.turned)
        assert not (blocking and said[each].permitted), each


@pytest.mark.parametrize("mend", MENDS, ids=named)
def test_after_every_rule_on_serving_passes_and_the_message_is_permitted(
    mend: Mend, after: Mapping[str, Said]
) -> None:
    require_servers(mend.host)
    wanted = {**USUAL, **dict.fromkeys(mend.turned, Outcome.PASSED)}
    for each in mend.urls:
        found = {rule: after[each].rules[rule].outcome for rule in wanted}
        assert found == wanted, {rule: outcome for rule, outcome in found.items() if outcome != wanted[rule]}
        assert after[each].permitted, f"{each}: {after[each].that(Outcome.FAILED, Outcome.CANT_TELL)}"


def test_no_advice_names_the_trap(said: Mapping[str, Said]) -> None:
    assert not [
        (each, rule)
        for each, found in said.items()
        for rule, item in found.rules.items()
        if "chunked_transfer_encoding" in f"{item.fix}{item.message}{item.why}"
    ]
