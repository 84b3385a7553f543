"""The files of the first rule of a new check: there is no other to begin from, so all is left to fill in."""

from __future__ import annotations

import datetime as dt
import enum
import json
from typing import Any, Literal, get_args, get_origin

import msgspec

from mmscheck.model.check import Check
from mmscheck.model.words import TargetKind

_RULE = """\
# The first rule of the check {check}: everything in capitals is to be filled in. severity: error blocks,
# warning advises. follows: rules about the same target whose failure explains a finding of this one.
id = "{id}"
title = "WHAT HOLDS WHEN ALL IS WELL"
severity = "warning"
target = "{target}"
owner = "content"
check = "{check}"
provider_codes = []
source = "DOCUMENT AND DATE, OR our own practice, {today}"
follows = []
{params}
[text]
why = "WHY IT MATTERS."
fix = "WHAT TO DO, beginning with a verb."
failed = "{where}WHAT WAS SEEN AND WHAT WAS WANTED{reports}."
cant_tell = "{where}WHAT IS NOT KNOWN: {{reason}}."
"""
_CASES = """\
# Cases of {id}: a message each, what the web server answers, and what the rule is to say.
# Make each one do what its name says; where the rule can always tell, drop the third.
"""
_CASE = """
[[case]]
name = "{kind}-when"
message = '''
<request>
<name>sale</name>
<message-subject>Summer sale</message-subject>
<slide>{slide}</slide>
</request>
'''
{more}
[[case.expect]]
outcome = "{outcome}"
{place}"""
_KINDS = {"pass": "passed", "fail": "failed", "cant-tell": "cant-tell"}

_TEXT = "<message-text>Hello</message-text>"
_URL = "http://media.example.com/photo.jpg"
_WEB = f"""
[[case.web]]
url = "{_URL}"
headers = [["Content-Type", "image/jpeg"]]
body = {{ text = "x" }}
"""
_REQUEST = (
    'request = { mms_id = "35674", to = "14045550123", from = "28444", service_id = "12345",'
    ' fallback_sms_text = "See our summer sale" }\n'
)
_PLACES = {
    TargetKind.MESSAGE: ("{source}: ", _TEXT, "", ""),
    TargetKind.SLIDE: ("Slide {slide}: ", _TEXT, "", "slide = 1\n"),
    TargetKind.MEDIA: ("{url}: ", f"<image><url>{_URL}</url></image>", _WEB, "slide = 1\nmedia = 1\n"),
    TargetKind.REQUEST: ("", _TEXT, _REQUEST, ""),
}
"""By what a check looks at: how a text names the place, a slide, what a case needs beside it, its place."""

_FIRST: dict[Any, Any] = {bool: False, int: 0, float: 0.0, str: "", tuple: [], dict: {}}


def blank_rule(rule_id: str, check: Check, today: dt.date) -> str:
    """A rule file that loads, for a check that no other rule uses."""
    fields = [field for field in msgspec.structs.fields(check.params) if field.required]
    values = (f"{field.encode_name} = {json.dumps(_first(field.type))}\n" for field in fields)
    reported = "".join(f" {{{name}}}" for name in sorted(check.reports))
    return _RULE.format(
        check=check.name,
        id=rule_id,
        target=check.target.value,
        today=today.isoformat(),
        params="".join(("\n[params]\n", *values)) if fields else "",
        where=_PLACES[check.target][0],
        reports=f" ({reported.strip()})" if reported else "",
    )


def blank_cases(rule_id: str, check: Check) -> str:
    """A case for each outcome, to be made true; each is of the right form."""
    _, slide, more, place = _PLACES[check.target]
    cases = (
        _CASE.format(kind=kind, outcome=outcome, slide=slide, more=more, place=place)
        for kind, outcome in _KINDS.items()
    )
    return _CASES.format(id=rule_id) + "".join(cases)


def _first(kind: Any) -> Any:
    """Some value of a parameter's type, as JSON and TOML both write it: the first, or nothing."""
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind)).value
    base = get_origin(kind) or kind
    return _FIRST[base] if base in _FIRST else _first(get_args(kind)[0])
