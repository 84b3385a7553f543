from __future__ import annotations

import json

from tools.report_schema import schema


def test_every_type_is_described_and_every_key_required_but_send() -> None:
    types = json.loads(schema())["$defs"]
    objects = {name: each for name, each in types.items() if each.get("type") == "object"}
    assert [name for name, each in objects.items() if not each.get("description")] == []
    optional = {
        (name, key)
        for name, each in objects.items()
        for key in each["properties"]
        if key not in each["required"]
    }
    assert optional == {
        ("Document", "send"),
        ("Document", "not_checked"),
        ("Send", "campaign"),
        ("Hop", "headers_left_out"),
        ("Campaign", "had"),
        ("Campaign", "had-from"),
        ("Campaign", "cost"),
        ("Campaign", "proof"),
        ("Campaign", "withheld"),
        ("Campaign", "not-now"),
        ("Proof", "approved-by"),
    }
