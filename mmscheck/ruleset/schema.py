"""The JSON Schemas of rule files and of the configuration, generated from what the loader reads.

``python -m mmscheck.ruleset.schema rule`` (or ``config``) prints one. The loader is stricter: it also knows
which checks, parameters, limits and rules there are. What each key means stands here, for editors.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck.ruleset.config import ConfigFile
from mmscheck.ruleset.rulefile import RuleFile

RULE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "RuleFile.id": "The rule's id, equal to the file's name.",
        "RuleFile.title": "What holds when the rule passes, as a sentence.",
        "RuleFile.severity": "error guards the gate; warning is advice and blocks only with --strict.",
        "RuleFile.target": "What the rule is evaluated on; equal to the check's own target.",
        "RuleFile.owner": "Who can fix what it finds.",
        "RuleFile.check": "The name of the check that decides.",
        "RuleFile.provider_codes": "The provider's error codes that a finding would have become.",
        "RuleFile.source": "Where the rule comes from, and of when that is.",
        "RuleFile.text": "What people read.",
        "RuleFile.params": "Literal values of the check's parameters.",
        "RuleFile.limits": "Parameters that take their number from a named limit.",
        "RuleFile.carriers": "Parameters that take their numbers from the limits of the chosen carriers.",
        "RuleFile.providers": "Parameters that take their numbers from the limits of the chosen providers.",
        "RuleFile.documents": "The kinds of document it is for (default: all); elsewhere it does not apply.",
        "RuleFile.follows": "Rules whose failure explains a finding of this one, the first to be told first.",
        "RuleFile.follows_when": "Of which finding: failed, cant-tell, or the reason for programs, by rule.",
        "RuleText.why": "Why it matters, in a sentence or two.",
        "RuleText.fix": "What to do, starting with a verb.",
        "RuleText.failed": "The finding: {source} {slide} {url} {kind} {line} and what the check reports.",
        "RuleText.cant_tell": "When it could not be decided; {reason} and the places, not the reports.",
    }
)
"""By struct and key."""

CONFIG_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "ConfigFile.profile": "The rules to apply: send, save, lint, or one of an extra folder.",
        "ConfigFile.sender": "What the message is sent from; without it the tightest numbers count.",
        "ConfigFile.carriers": "Carriers whose limits are looked at too, by the names of their limits files.",
        "ConfigFile.providers": "Other providers whose limits are looked at too, likewise.",
        "ConfigFile.transcoding": "True when the provider transcodes media for this account.",
        "ConfigFile.strict": "Warnings block like errors.",
        "ConfigFile.require-confinement": "Check nothing where processes that open media are not isolated.",
        "ConfigFile.allow-net": "Networks (CIDR) that may hold media although they are not public.",
        "ConfigFile.connect-to": "HOST:PORT:ADDRESS:PORT, as curl's --connect-to.",
        "ConfigFile.ca-file": "A PEM file of further certificate authorities, relative to this file.",
        "ConfigFile.timeout": "Seconds for one fetch.",
        "ConfigFile.deadline": "Seconds for the whole check.",
        "ConfigFile.max-concurrency": "Fetches at the same time.",
        "ConfigFile.per-host": "Fetches from one host at the same time.",
        "ConfigFile.own-hosts": "Hosts of yours, and what each bears in place of per-host.",
        "ConfigFile.rate": "At most so many requests a second to one host.",
        "ConfigFile.proxy": "The http:// proxy that every request goes through; it then guards addresses.",
        "ConfigFile.user-agent": "What mmscheck calls itself to media servers.",
        "ConfigFile.own-domains": "Domains of yours: links of texts should lead there.",
        "ConfigFile.sender-names": "What you call yourself in texts: the first message to a number has one.",
        "ConfigFile.words": "Lists of restricted words that texts are held against, by name.",
        "ConfigFile.extra-rules": "Further rule folders, relative to this file.",
        "ConfigFile.assets": "The folder of the media, relative to this file, by URL prefix (ending in /).",
        "ConfigFile.send": "What sends use that are not told otherwise by an option or a variable.",
        "ConfigFile.recipients": "What the numbers of sends are held to, beside the suppression list.",
        "ConfigFile.notify": "Whom mmscheck serve tells of what happened, by a name for each.",
        "ConfigFile.prices": "What messages cost, for the estimate of a campaign and --max-cost.",
        "ConfigFile.rules": "Changes of single rules, by id.",
        "ConfigFile.waivers": "Leave for single rules to fail until a day.",
        "SendTable.api": "The provider's API that messages must be written for; default: either.",
        "SendTable.api-url": "The provider's address; counts only in a file that is named with --config.",
        "SendTable.from": "One of the account's numbers, digits only, in quotation marks.",
        "SendTable.service-id": "The campaign or service id.",
        "SendTable.fallback-sms-text": "Sent as SMS where MMS cannot be delivered.",
        "SendTable.operator-id": "The recipient's carrier, when known.",
        "RecipientsTable.quiet-hours": "When nobody is texted, by the clocks of the number's own area.",
        "RecipientsTable.quiet-rows": "A campaign waits for the end of quiet hours, or leaves such rows out.",
        "RecipientsTable.marketing": "Without quiet-hours: those of the number's country.",
        "RecipientsTable.min-gap": "From one message to a number to the next, of all campaigns.",
        "RecipientsTable.per-day": "Messages to a number in any 24 hours, of all campaigns.",
        "RecipientsTable.countries": "ISO codes of all that may be texted.",
        "RecipientsTable.require-consent": "Only with a consent-source and a consent-at.",
        "RecipientsTable.require-proof": "A campaign goes out only when a proof of it was approved.",
        "RecipientsTable.list": "The list of recipients that sends are of, as suppressions name it.",
        "PricesTable.currency": "All prices are in it.",
        "PricesTable.countries": "By the country of the number, in two letters.",
        "PriceTable.mms": "One MMS, in quotation marks.",
        "PriceTable.sms": "One SMS of the fallback text, in quotation marks.",
        "NotifyTable.url": "Where it is posted: https, or http on this machine.",
        "NotifyTable.events": "What is told.",
        "NotifyTable.format": "webhook (JSON, signed), slack or teams.",
        "NotifyTable.secret-file": "Signs a webhook: a file of at least 16 characters, relative to this one.",
        "NotifyTable.tries": "How often it is tried until it is taken (8).",
        "RuleTable.severity": "The rule's severity instead of its own.",
        "RuleTable.params": "The check's parameters instead of the rule's own.",
        "WaiverTable.rule": "The id of the one rule that may fail.",
        "WaiverTable.reason": "Why that is right.",
        "WaiverTable.who": "Who answers for it.",
        "WaiverTable.expires": "The last day it holds, in UTC.",
        "WaiverTable.source": "Only in this document, as the report names it.",
        "WaiverTable.url": "Only for this media URL, exactly as the slide XML has it.",
        "WaiverTable.slide": "Only on this slide and its media, from 1.",
    }
)
"""By struct and key."""


_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_USAGE = "usage: python -m mmscheck.ruleset.schema rule | config\n"


def schemas() -> dict[str, str]:
    """Each schema (JSON Schema 2020-12) by file name, indented by two, ending with a line feed."""
    return {
        "rule.schema.json": _schema("mmscheck rule file", RuleFile, RULE_KEYS),
        "config.schema.json": _schema("mmscheck configuration", ConfigFile, CONFIG_KEYS),
    }


def main(argv: Sequence[str]) -> int:
    """Print one; returns the exit code: 0, or 2 for wrong usage."""
    match list(argv):
        case ["rule" | "config" as name]:
            sys.stdout.write(schemas()[f"{name}.schema.json"])
        case _:
            sys.stderr.write(_USAGE)
            return 2
    return 0


def _schema(title: str, kind: type[msgspec.Struct], keys: Mapping[str, str]) -> str:
    made = msgspec.json.schema(kind)
    for name, each in made["$defs"].items():
        for key, inner in each.get("properties", {}).items():
            if described := keys.get(f"{name}.{key}"):
                inner["description"] = described
    whole = {"$schema": _DIALECT, "title": title, **_fit({"$ref": made["$ref"]}, made["$defs"])}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _fit(node: Any, types: Mapping[str, Any]) -> Any:
    """The schema as it fits TOML, which has no null, and tables that take no other keys.

    Anchors of Python's regular expressions become those that editors know (ECMA-262), and references are
    filled in, because editors disagree on what stands beside one.
    """
    if isinstance(node, list):
        return [_fit(item, types) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _fit({**types[node["$ref"].removeprefix("#/$defs/")], **rest}, types)
    fitted = {
        key: _fit(value, types) for key, value in node.items() if key != "title" or isinstance(value, dict)
    }
    if isinstance(pattern := fitted.get("pattern"), str):
        fitted["pattern"] = pattern.replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(words := fitted.get("description"), str):
        fitted["description"] = " ".join(words.replace("``", "`").split())
    if "properties" in fitted and fitted.get("type") == "object":
        fitted["additionalProperties"] = False
    return _without_null(fitted)


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    kinds = node.get("anyOf", [])
    if {"type": "null"} not in kinds:
        return node
    (kind,) = (each for each in kinds if each != {"type": "null"})
    rest = {key: value for key, value in node.items() if key != "anyOf" and value is not None}
    return {**kind, **rest}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
