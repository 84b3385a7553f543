"""Clients in curl, Node and PHP, each as somebody would write it: check, mend, save, send, and send again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.pages import required
from tests.support.serving import BAD, FIELDS, GOOD, serving

KNOWN = {"client": ("client-token-0123456789abcdef", ["check", "fix", "send"])}

pytestmark = pytest.mark.servers

CURL = """set -eu
ask() { curl -sS --max-time 100 -H "Authorization: Bearer $TOKEN" "$@"; }
ask -f --data-binary @good.xml -H 'Content-Type: application/xml' "$URL/v1/check" > /dev/null
ask -f --data-binary @bad.xml -H 'Content-Type: application/xml' "$URL/v1/check" 2> /dev/null && exit 9
ask -f -D head.txt -o /dev/null -F document=@bad.xml "$URL/v1/fix"
PLACE=$(tr -d '\\r' < head.txt | sed -n 's/^Content-Location: //p')
ask -f "$URL$PLACE/files" -o mended.zip
ask -f -X POST "$URL$PLACE/check" > /dev/null
ID=$(ask -f -F document=@good.xml "$URL/v1/save" | sed -n 's/.*"mms_id": "\\([0-9]*\\)".*/\\1/p' | tail -1)
FIELDS=$(echo "$FIELDS" | sed "s/100001/$ID/")
for try in 1 2; do
  ask -f -H 'Idempotency-Key: curl-1' -F document=@good.xml -F "request=$FIELDS;type=application/json" \\
    "$URL/v1/send" | grep -c '"status": "accepted"'
done
"""

NODE = """
const fs = require("fs"), { URL: at, TOKEN, FIELDS } = process.env;
const ask = (path, body, headers = {}) => fetch(at + path, { method: "POST", body: JSON.stringify(body),
  headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json", ...headers } });
(async () => {
  const good = fs.readFileSync("good.xml", "utf8"), bad = fs.readFileSync("bad.xml", "utf8");
  if (!(await ask("/v1/check", { document: good })).ok) throw "good";
  if ((await ask("/v1/check", { document: bad })).ok) throw "bad";
  const mended = await ask("/v1/fix", { document: bad });
  const place = mended.headers.get("Content-Location");
  if (!(await mended.json()).passed || !(await ask(`${place}/check`)).ok) throw "mended";
  const saved = await (await ask("/v1/save", { document: good })).json();
  const request = { ...JSON.parse(FIELDS), mms_id: saved.send.mms_id };
  for (let tries = 0; tries < 2; tries++) {
    const sent = await ask("/v1/send", { document: good, request }, { "Idempotency-Key": "node-1" });
    console.log(sent.status, (await sent.json()).send.status);
  }
})().catch((error) => { console.error(error); process.exit(1); });
"""

PHP = """<?php
function ask($path, $body, $more = []) {
  $head = array_merge(["Authorization: Bearer " . getenv("TOKEN"), "Content-Type: application/json"], $more);
  $post = ["method" => "POST", "header" => implode("\\r\\n", $head), "content" => json_encode($body)];
  $context = stream_context_create(["http" => $post + ["ignore_errors" => true]]);
  $text = file_get_contents(getenv("URL") . $path, false, $context);
  preg_match("/ (\\\\d+)/", $http_response_header[0], $found);
  $place = array_values(preg_grep("/^Content-Location: /i", $http_response_header));
  return [(int) $found[1], json_decode($text, true), $place ? substr($place[0], 18) : ""];
}
$good = file_get_contents("good.xml"); $bad = file_get_contents("bad.xml");
if (ask("/v1/check", ["document" => $good])[0] !== 200) exit(1);
if (ask("/v1/check", ["document" => $bad])[0] !== 422) exit(2);
[$status, $fix, $place] = ask("/v1/fix", ["document" => $bad]);
if ($status !== 200 || !$fix["passed"] || ask("$place/check", [])[0] !== 200) exit(3);
$saved = ask("/v1/save", ["document" => $good])[1];
$request = ["mms_id" => $saved["send"]["mms_id"]] + json_decode(getenv("FIELDS"), true);
for ($tries = 0; $tries < 2; $tries++) {
  $body = ["document" => $good, "request" => $request];
  [$status, $sent] = ask("/v1/send", $body, ["Idempotency-Key: php-1"]);
  echo $status, " ", $sent["send"]["status"], "\\n";
}
"""


@pytest.mark.parametrize(
    ("program", "name", "script", "told"),
    [
        ("bash", "client.sh", CURL, "1\n1\n"),
        ("node", "client.js", NODE, "200 accepted\n200 accepted\n"),
        ("php", "client.php", PHP, "200 accepted\n200 accepted\n"),
    ],
)
async def test_a_client_checks_saves_and_sends_once(
    tmp_path: Path, program: str, name: str, script: str, told: str
) -> None:
    for each in (program, "curl"):
        if shutil.which(each) is None:
            required(each)
    folder = tmp_path / "client"
    folder.mkdir()
    for file, content in ((name, script.encode()), ("good.xml", GOOD), ("bad.xml", BAD)):
        (folder / file).write_bytes(content)
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as box,
        serving(tmp_path, box=box, known=KNOWN) as client,
    ):
        process = await asyncio.create_subprocess_exec(
            *(program, name),
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "URL": client.url,
                "TOKEN": KNOWN["client"][0],
                "FIELDS": json.dumps(FIELDS),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 180)
        assert (process.returncode, out.decode()) == (0, told), err.decode()
        assert [sent.to for sent in box.sent] == [FIELDS["to"]]
