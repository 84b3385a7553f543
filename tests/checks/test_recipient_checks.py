"""Whether the number of a send may be texted: a rule says what the claim would, and which rules are off."""

from __future__ import annotations

import pytest

from mmscheck.judge.pipeline import load_rules
from mmscheck.model.check import RequestTarget, Result
from mmscheck.model.ledger import ABOUT_THE_NUMBER, ClaimRefused, NumberStanding, RefusalReason
from mmscheck.model.recipient import RecipientRules
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import Rule
from mmscheck.model.words import Outcome
from mmscheck.send.recipient import terms_of
from mmscheck.slidexml import parse

NUMBER = "12125550100"
RULES = {rule.params.reason: rule for rule in load_rules().rules if rule.check.name == "number-textable"}


def judged(rule: Rule, standing: NumberStanding | None, to: str | None = NUMBER) -> Result:
    target = RequestTarget(
        request=SendRequest(to=to), message=parse(b"<request/>", "m.xml"), standing=standing
    )
    return rule.check.run(target, rule.params)


def test_each_reason_that_is_about_the_number_has_a_rule_that_denies() -> None:
    assert frozenset(RULES) == ABOUT_THE_NUMBER
    assert {rule.severity.value for rule in RULES.values()} == {"error"}


@pytest.mark.parametrize("reason", sorted(ABOUT_THE_NUMBER))
def test_a_rule_fails_for_its_own_reason_and_passes_beside_others(reason: RefusalReason) -> None:
    refusals = tuple(
        ClaimRefused(reason=each, text=f"because of {each}", send=None) for each in sorted(ABOUT_THE_NUMBER)
    )
    every = NumberStanding(asked=ABOUT_THE_NUMBER, refusals=refusals)
    result = judged(RULES[reason], every)
    assert (result.outcome, result.wording) == (Outcome.FAILED, {"what": f"because of {reason}"})
    others = tuple(one for one in refusals if one.reason is not reason)
    assert judged(RULES[reason], NumberStanding(asked=ABOUT_THE_NUMBER, refusals=others)).outcome == "passed"
    unknown = ClaimRefused(reason=reason, text="nobody knows", send=None, unknown=True)
    open_ = judged(RULES[reason], NumberStanding(asked=ABOUT_THE_NUMBER, refusals=(*others, unknown)))
    assert (open_.outcome, open_.reason) == (Outcome.CANT_TELL, "nobody knows")


@pytest.mark.parametrize("reason", sorted(ABOUT_THE_NUMBER))
def test_a_rule_that_nobody_asked_for_does_not_apply(reason: RefusalReason) -> None:
    asked = terms_of(RecipientRules()).asked
    off = judged(RULES[reason], NumberStanding(asked=asked))
    if reason is RefusalReason.SUPPRESSED:
        assert off.outcome is Outcome.PASSED, "the list holds always"
    else:
        assert off.outcome is Outcome.INAPPLICABLE
        assert "--" in off.reason, "which option asks for it"
    assert judged(RULES[reason], None).outcome is Outcome.INAPPLICABLE
    assert judged(RULES[reason], None, to="abc").reason.startswith("no number is given")


def test_what_the_rules_of_recipients_ask_for_is_looked_into() -> None:
    every = RecipientRules(
        marketing=True, gap=60, per_day=1, countries=("US",), require_consent=True, list_name="news"
    )
    assert terms_of(every).asked == ABOUT_THE_NUMBER
