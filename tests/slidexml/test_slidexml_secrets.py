"""A document may hold an API key or a signed URL; a problem shows a line of it, and never those."""

from __future__ import annotations

import msgspec
import pytest

from mmscheck.slidexml import parse

API_KEY = "qTFkykO9JTfahCOqJ0V2Wf5Cg1t8iWlZ"


@pytest.mark.parametrize(
    "document",
    [
        f"<request><api-key>{API_KEY}</api-key><name>a & b</name></request>",
        f"<request>\n<api-key>\n{API_KEY} &\n</api-key></request>",
        f"<request><api-key>{API_KEY}<name>n</name></request>",
        f"<request>\n<api-key {API_KEY}</api-key></request>",
        f"<request>\napi-key>{API_KEY}</api-key></request>",
        f"<request>\n<apy-kee>{API_KEY} & </apy-kee></request>",
        f"<request>\n<api-key><![CDATA[{API_KEY}]]> &</api-key></request>",
        f"<request>\n<!-- {API_KEY} -- -->",
        f"<request>\n<slide auth='{API_KEY}' &",
        f"<request>\n<api-key>{API_KEY[:16]}<{API_KEY[16:]}</api-key></request>",
        f"<request>\n<url>http://u:{API_KEY}@a.example/?sig={API_KEY}&w=1</url></request>",
        f"<request><api-key>{API_KEY}\xff",
        f'{{"x-api-key": "{API_KEY}"}}',
        f"api key {API_KEY}",
    ],
)
def test_an_api_key_in_a_broken_document_is_not_shown(document: str) -> None:
    for data in (document.encode("utf-8"), document.encode("latin-1")):
        message = parse(data, "x")
        assert message.problem is not None
        shown = msgspec.json.encode(message).decode()
        assert not any(API_KEY[at : at + 12] in shown for at in range(len(API_KEY) - 11))


@pytest.mark.parametrize(
    "document",
    [
        "<request>\n<api-key><name>swordfish</name></api-key> &</request>",
        "<request>\n<url>http://a.example/b?token=swordfish&w=1</url></request>",
        "<request>\n<url>http://me:swordfish@a.example/b?w=1&h=2</url></request>",
        "<request>\n<message-text>password: swordfish & more</message-text></request>",
        '{"x-api-key": "swordfish"}',
    ],
)
def test_a_secret_that_looks_like_a_word_is_not_shown_either(document: str) -> None:
    problem = parse(document.encode("utf-8"), "x").problem
    assert problem is not None
    assert problem.excerpt
    assert "swordfish" not in str(problem)
