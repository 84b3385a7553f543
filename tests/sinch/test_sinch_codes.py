from __future__ import annotations

import re

import pytest

from mmscheck.sinch import CodeClass, explain, explain_postback
from mmscheck.sinch.codes import ERROR_CODES, POSTBACK_CODES

APPENDIX_2021 = (
    "E100 E104 E105 E106 E107 E108 E110 E111 E112 E113 E114 E212 E213 E214 E223 E224 E225 E226 E227 "
    "E228 E229 E230 E241 E311 E312 E313 E314 E331 E332 E333 E334 E335 E336 E337 E338 E341 E351 E352 "
    "E353 E355 E356 E357 E358 E618 E619 E620 E622 E626 E627 E628 E629 E650 E651 "
)
ELSEWHERE = (
    "E101 E102 E103 E109 E115 E120 E201 E301 E302 E303 E304 E343 E503 E621 E623 E624 E625 E712 E713 E714 "
    "E715 "
)
ONE_GENERATION = "E101 E102 E103 E109 E115 E301 E302 E303 E304 E343 E621 E623 E630 E643 E712 E714 E715"
POSTBACKS = (
    "N003 N013 N101 N102 N103 N201 N202 N401 N501 N502 E002 E003 E004 E011 E012 E013 E100 E101 E102 "
    "E201 E202 E501 E502 E999 "
)


@pytest.mark.parametrize("code", (APPENDIX_2021 + ELSEWHERE).split())
def test_every_documented_code_is_explained(code: str) -> None:
    row = explain(code)
    assert row is not None
    assert row.code == code
    assert row.meaning


@pytest.mark.parametrize("code", POSTBACKS.split())
def test_every_documented_postback_is_explained(code: str) -> None:
    row = explain_postback(code)
    assert row is not None
    assert row.meaning


def test_only_what_certainly_did_not_send_may_be_retried() -> None:
    assert {row.code for row in ERROR_CODES if row.kind is CodeClass.RETRY} == {
        "E106",
        "E113",
        "E618",
        "E626",
    }


def test_an_internal_error_of_the_provider_proves_nothing() -> None:
    assert {row.code for row in ERROR_CODES if row.kind is CodeClass.UNKNOWN} == {"E503", "E201"}


def test_codes_are_found_however_they_are_written() -> None:
    assert explain(" e110\n") == explain("E110")
    assert explain_postback("n003") == explain_postback("N003")


@pytest.mark.parametrize("code", ["", "E", "E999", "E000", "110", "N003"])
def test_an_unknown_error_code_is_explained_by_nobody(code: str) -> None:
    assert explain(code) is None


@pytest.mark.parametrize("code", re.findall(r"E\d+", ONE_GENERATION))
def test_a_code_of_one_generation_says_whose_it_is(code: str) -> None:
    row = explain(code)
    assert row is not None
    assert row.only
    assert row.only in row.told


def test_a_code_of_the_current_documents_is_not_marked() -> None:
    assert [
        row.code for row in ERROR_CODES if row.only and row.code in set(re.findall(r"E\d+", APPENDIX_2021))
    ] == []


def test_no_code_stands_twice() -> None:
    assert len({row.code for row in ERROR_CODES}) == len(ERROR_CODES)
    assert len({row.code for row in POSTBACK_CODES}) == len(POSTBACK_CODES)
