"""What a consumer of each format makes of it, read with other means than those it was written with."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from lxml import etree, html

from mmscheck.report import FORMATS, View


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One output as it was understood.

    ``found`` has outcome and effect of every finding by rule; ``rest`` the outcomes of everything else, None
    for a format that tells findings only. ``red`` is whether a consumer would stop a pipeline; ``word`` the
    verdict, None where the format need not say it.
    """

    found: dict[str, tuple[str, str]]
    red: bool
    word: str | None
    rest: dict[str, str] | None = None


_KINDS = {
    "ERROR, blocks": ("failed", "blocks"),
    "WARNING, blocks": ("failed", "blocks"),
    "WARNING, advises": ("failed", "advises"),
    "CANNOT TELL, blocks": ("cant-tell", "blocks"),
    "CANNOT TELL, advises": ("cant-tell", "advises"),
    "WAIVED": ("failed", "waived"),
}
_WORDS = {"PERMIT": "permit", "DENY": "deny", "PASS": "pass-offline", "FAIL": "deny"}
_ENDS = re.compile(r"^(REFUSED|OUTCOME UNKNOWN|NOT ATTEMPTED|CAMPAIGN: .* (refused|unknown))", re.MULTILINE)


def read_text(output: str, view: View) -> Read:
    """Needs the quiet form, which has one line for each finding."""
    line = re.compile(rf"^[^ ]+: ({'|'.join(_KINDS)}): .*\[(?:advice: )?([\w-]+)\]$", re.MULTILINE)
    found = {rule: _KINDS[kind] for kind, rule in line.findall(output)}
    said = [text for text in output.splitlines() if re.match(r"(PERMIT|DENY|PASS|FAIL): ", text)][-1]
    word = _WORDS[said.partition(":")[0]]
    return Read(found=found, word=word, red=word == "deny" or bool(_ENDS.search(output)))


def read_json(output: str, view: View) -> Read:
    """The full record; what blocks follows from severity, waiver and strict, as the gate has it."""
    told = json.loads(output)
    every = [item for message in told["messages"] for item in message["evaluations"]]
    found = {
        item["rule"]: (item["outcome"], _json_effect(item, strict=told["strict"]))
        for item in every
        if item["outcome"] in ("failed", "cant-tell")
    }
    rest = {item["rule"]: item["outcome"] for item in every if item["rule"] not in found}
    return Read(found=found, rest=rest, word=told["verdict"], red=told["exit_code"] != 0)


def read_jsonl(output: str, view: View) -> Read:
    """A line for the run and one for each message; what passed has its name alone."""
    run, *messages = (json.loads(line) for line in output.splitlines())
    assert len(messages) == run["run"]["messages"]
    found = {
        item["rule"]: (item["outcome"], _json_effect(item, strict=run["run"]["strict"]))
        for line in messages
        for item in line["message"]["evaluations"]
    }
    rest = {
        rule: outcome
        for line in messages
        for outcome in ("passed", "inapplicable")
        for rule in line["message"][outcome]
        if rule not in found
    }
    red = run["run"]["exit_code"] != 0
    return Read(found=found, rest=rest, word=run["run"]["verdict"], red=red)


def _json_effect(item: Mapping[str, Any], *, strict: bool) -> str:
    if item["waived"]:
        return "waived"
    return "blocks" if strict or item["severity"] == "error" else "advises"


def read_junit(output: str, view: View) -> Read:
    """Cases by name; red as every consumer has it: a failure or an error."""
    root = etree.fromstring(output.encode())
    found: dict[str, tuple[str, str]] = {}
    rest: dict[str, str] = {}
    for case in root.iter("testcase"):
        rule = case.get("name", "").partition(":")[0]
        if rule == "mmscheck-gate" or case.get("classname") == "mmscheck":
            continue
        result = next(iter(case), None)
        outcome = _junit(result)
        if isinstance(outcome, str):
            rest[rule] = outcome
        else:
            found[rule] = outcome
    word = root.xpath("string(//testsuite[@name='mmscheck']//property[@name='verdict']/@value)")
    return Read(found=found, rest=rest, word=str(word), red=bool(root.xpath("//failure|//error")))


def _junit(result: etree._Element | None) -> str | tuple[str, str]:
    if result is None:
        return "passed"
    kind = result.get("type", "")
    match result.tag, kind:
        case "failure", "failed":
            return "failed", "blocks"
        case "error", "cant-tell" | "crashed":
            return "cant-tell", "blocks"
        case "skipped", "waived":
            return "failed", "waived"
        case "skipped", "inapplicable":
            return "inapplicable"
        case "skipped", _ if kind.startswith(("advice-", "follows-")):
            effect, _, outcome = kind.partition("-")
            return outcome, "advises" if effect == "advice" else effect
    raise AssertionError((result.tag, kind))


def read_sarif(output: str, view: View) -> Read:
    """Results by rule; red where a result is of level error and is not suppressed."""
    run = json.loads(output)["runs"][0]
    said = [each for each in run["results"] if each["ruleId"].startswith("mmscheck-")]
    found = {each["ruleId"]: _sarif(each) for each in run["results"] if each not in said}
    rest = {
        name.partition(":")[0]: outcome
        for each in run["properties"]["mmscheck/evaluated"]
        for outcome in ("passed", "inapplicable")
        for name in each[outcome]
    }
    found |= {
        name.partition(":")[0]: ("", "follows")
        for each in run["results"]
        for name in each["properties"].get("follows", [])
    }
    assert all(each["kind"] == "fail" for each in said)
    red = any(each["level"] == "error" and not each.get("suppressions") for each in run["results"])
    assert run["invocations"][0]["exitCode"] == view.verdict.exit_code
    return Read(found=found, rest=rest, word=run["properties"]["mmscheck/verdict"], red=red)


def _sarif(result: Mapping[str, Any]) -> tuple[str, str]:
    effect = result["properties"]["effect"]
    if result["kind"] == "open":
        assert result["level"] == "none"
        return "cant-tell", effect
    assert result["kind"] == "fail"
    assert effect == {"error": "blocks", "warning": "advises", "note": "waived"}[result["level"]]
    assert bool(result.get("suppressions")) is (effect == "waived")
    return str(result["properties"]["outcome"]), effect


def read_github(output: str, view: View) -> Read:
    """Commands, and the lines of the log for what GitHub would not show."""
    found: dict[str, tuple[str, str]] = {}
    lines = output.splitlines()
    line = re.compile(r"(?:::)?(error|warning|notice)[: ].*?([\w-]+) \((cannot tell(?:%2C|,) )?(\w+)")
    for text in lines[:-1]:
        if (match := line.match(text)) and not match[2].startswith("mmscheck"):
            assert match[4] == {"error": "blocks", "warning": "advises", "notice": "waived"}[match[1]]
            found[match[2]] = ("cant-tell" if match[3] else "failed", match[4])
    word = _WORDS[lines[-1].split("::")[2].partition(":")[0]]
    return Read(found=found, word=word, red=any(text.startswith("::error") for text in lines))


def read_gitlab(output: str, view: View) -> Read:
    """Issues by check; red where one is worse than minor."""
    effects = {"blocker": "blocks", "major": "blocks", "minor": "advises", "info": "waived"}
    issues = json.loads(output)
    found = {
        each["check_name"]: (
            "cant-tell" if each["description"].startswith("Cannot tell: ") else "failed",
            effects[each["severity"]],
        )
        for each in issues
        if not each["check_name"].startswith("mmscheck-")
    }
    worst = {each["check_name"] for each in issues if each["severity"] in ("blocker", "major")}
    denied = worst - {"mmscheck-send", "mmscheck-campaign"}
    return Read(found=found, word="deny" if denied else None, red=bool(worst))


def read_csv(output: str, view: View) -> Read:
    """Rows by rule; the header alone means that there is nothing to look at."""
    table = list(csv.DictReader(io.StringIO(output, newline="")))
    found = {
        row["rule"]: (row["outcome"], row["effect"])
        for row in table
        if not row["rule"].startswith("mmscheck-")
    }
    words = {row["run_verdict"] for row in table}
    assert len(words) <= 1
    return Read(
        found=found, word=next(iter(words), None), red=any(row["effect"] == "blocks" for row in table)
    )


def read_markdown(output: str, view: View) -> Read:
    """Rows of the tables by rule."""
    row = re.compile(rf"^\| \d+ \| ({'|'.join(_KINDS)}) \| <code>([\w-]+)</code> \|", re.MULTILINE)
    found = {rule: _KINDS[kind] for kind, rule in row.findall(output)}
    word = _WORDS[output.splitlines()[0].removeprefix("## mmscheck: ")]
    code = re.search(r"^\*\*.* Exit status (\d+)\.$", output, re.MULTILINE)
    assert code is not None
    return Read(found=found, word=word, red=code[1] != "0")


_BADGES = {**_KINDS, "waived": ("failed", "waived")}


def read_html(output: str, view: View) -> Read:
    """Cards of findings by rule, the word of the heading, and the exit status among the facts."""
    root = html.fromstring(output)

    def words(path: str, inside: Any = root) -> str:
        return str(inside.xpath(f"string({path})"))

    found = {
        str(card.get("data-rule")): _BADGES[words("./h5/span[contains(@class, 'badge')]", card)]
        for card in root.iter("article")
        if card.get("class") == "finding"
    }
    code = words("//dl[@class='facts']/div[dt='Exit status']/dd")
    assert re.fullmatch(r"\d+", code)
    looks_well = "good" in words("//div[contains(@class, 'banner')]/@class").split()
    assert looks_well is (code == "0")
    return Read(found=found, word=_WORDS[words("//h1/span[@class='word']")], red=code != "0")


READERS: Mapping[str, Callable[[str, View], Read]] = {
    "text": read_text,
    "json": read_json,
    "jsonl": read_jsonl,
    "junit": read_junit,
    "sarif": read_sarif,
    "github": read_github,
    "gitlab": read_gitlab,
    "csv": read_csv,
    "markdown": read_markdown,
    "html": read_html,
}
"""A reader for every machine format, by its name."""

COMPLETE = frozenset({"json", "jsonl", "junit", "sarif"})
"""Formats that tell of what passed or did not apply as well."""


def read(name: str, view: View) -> Read:
    """Render the view and read what came of it."""
    quiet = msgspec.structs.replace(view, quiet=name == "text", width=10_000)
    return READERS[name](FORMATS[name](quiet), view)
