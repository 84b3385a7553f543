"""``mmscheck lint``: what it judges, what it refuses to say, and what it leaves unloaded."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from mmscheck.cli.main import main
from mmscheck.cli.paths import sort_paths
from tests.support.command import Ran, image, message, mmscheck

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
ASSETS = '[assets]\n"http://media.example.com/mms/" = "assets"\n'


def put(file: Path, content: str | Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.read_bytes() if isinstance(content, Path) else content.encode())
    return file


def run(command: str, cwd: Path, *arguments: object) -> Ran:
    """The command as its entry point runs it, in this process and from this folder."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([command, *map(str, arguments)])
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())


def lint(cwd: Path, *arguments: object) -> Ran:
    return run("lint", cwd, *arguments)


def judged(cwd: Path, *arguments: object) -> tuple[int, dict[str, Any]]:
    ran = lint(cwd, *arguments, "--format", "json")
    return ran.code, json.loads(ran.out)


def outcomes(report: dict[str, Any], rule: str) -> list[str]:
    return [
        item["outcome"]
        for entry in report["messages"]
        for item in entry["evaluations"]
        if item["rule"] == rule
    ]


def found(report: dict[str, Any], outcome: str = "failed") -> set[str]:
    return {
        item["rule"]
        for entry in report["messages"]
        for item in entry["evaluations"]
        if item["outcome"] == outcome and item["severity"] == "error"
    }


def test_a_good_message_passes_and_nothing_is_permitted(tmp_path: Path) -> None:
    put(tmp_path / "sale.xml", message(image("mms/photo.jpg")))
    ran = lint(tmp_path, "sale.xml")
    assert (ran.code, ran.err) == (0, "")
    assert "PASS: " in ran.out
    assert "nothing is permitted by lint" in " ".join(ran.out.split())
    assert "PERMIT" not in ran.out
    code, report = judged(tmp_path, "sale.xml")
    assert (code, report["verdict"], report["exit_code"]) == (0, "pass-offline", 0)
    assert report["messages"][0]["verdict"] == "pass-offline"
    assert report["messages"][0]["media"][0]["observation"]["reason"] == "not fetched: lint is offline"
    assert set(outcomes(report, "media-size")) == {"inapplicable"}
    assert outcomes(report, "message-size") == ["inapplicable"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<request><name>half", "xml-well-formed"),
        (message(image("mms/photo.jpg"), subject="Sommer ☀ sale"), "subject-no-emoji"),
        (message(image("mms/photo.jpg"), image("mms/my photo.jpg")), "url-clean"),
        (message(), "slide-count"),
    ],
)
def test_what_is_wrong_with_a_message_is_found_offline(tmp_path: Path, text: str, rule: str) -> None:
    put(tmp_path / "sale.xml", text)
    code, report = judged(tmp_path, "sale.xml")
    assert (code, report["verdict"]) == (1, "deny")
    assert rule in found(report)
    ran = lint(tmp_path, "sale.xml")
    assert "FAIL: " in ran.out
    assert "DENY" not in ran.out


@pytest.mark.parametrize(
    "name", ["photo-small.jpg", "clip-small.mp4", "jingle-small.mp3", "contact-small.vcf"]
)
def test_a_media_file_is_an_entry_of_its_own(tmp_path: Path, name: str) -> None:
    put(tmp_path / name, MEDIA / name)
    code, report = judged(tmp_path, name)
    (entry,) = report["messages"]
    kind = {"jpg": "image", "mp4": "video", "mp3": "audio", "vcf": "vcard"}[name[-3:]]
    assert (code, entry["source"], entry["subject"], len(entry["media"])) == (0, name, None, 1)
    assert (entry["media"][0]["kind"], entry["media"][0]["slide"]) == (kind, 0)
    assert {item["target"] for item in entry["evaluations"]} == {"media"}
    assert outcomes(report, "media-type-accepted") == outcomes(report, "extension-matches") == ["passed"]
    assert outcomes(report, "url-absolute") == outcomes(report, "asset-present") == ["inapplicable"]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("phone.jpg", "photo-small.heic", "extension-matches"),
        ("logo.jpg", "logo-small.png", "extension-matches"),
        ("clip.mp4", "clip-small.mov", "extension-matches"),
        ("page.png", "login-page.html", "media-type-accepted"),
        ("none.gif", "empty.bin", "media-not-empty"),
        ("odd.thing", "mystery.bin", "media-type-known"),
    ],
)
def test_a_bad_file_is_found_whatever_it_is_called(
    tmp_path: Path, name: str, content: str, rule: str
) -> None:
    put(tmp_path / name, MEDIA / content)
    code, report = judged(tmp_path, name)
    assert (code, report["verdict"]) == (1, "deny")
    assert rule in found(report)


def test_a_name_that_only_looks_like_a_url_is_read_as_a_name(tmp_path: Path) -> None:
    put(tmp_path / "50%25 off? #1 [a.JPG", MEDIA / "photo-small.jpg")
    code, report = judged(tmp_path, "50%25 off? #1 [a.JPG")
    assert (code, outcomes(report, "extension-matches")) == (0, ["passed"])


def test_a_cut_off_picture_fails_to_decode(tmp_path: Path) -> None:
    (tmp_path / "half.jpg").write_bytes((MEDIA / "photo-small.jpg").read_bytes()[:3000])
    code, report = judged(tmp_path, "half.jpg")
    assert (code, outcomes(report, "image-decodes")) == (1, ["failed"])


def test_a_file_too_large_to_be_read_fails_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(70_000_000)
    code, report = judged(tmp_path, "huge.jpg")
    assert (code, outcomes(report, "media-size")) == (1, ["failed"])


def test_a_mapped_medium_is_judged_before_it_is_uploaded(tmp_path: Path) -> None:
    put(tmp_path / "mmscheck.toml", ASSETS)
    put(tmp_path / "sale.xml", message(image("mms/sub/a%20b.jpg?v=1")))
    put(tmp_path / "assets" / "sub" / "a b.jpg", MEDIA / "photo-small.jpg")
    code, report = judged(tmp_path, "sale.xml")
    assert (code, report["verdict"]) == (0, "pass-offline")
    assert outcomes(report, "asset-present") == outcomes(report, "image-decodes") == ["passed"]
    assert outcomes(report, "message-size") == ["passed"]
    put(tmp_path / "assets" / "sub" / "a b.jpg", MEDIA / "photo-small.heic")
    code, report = judged(tmp_path, "sale.xml")
    assert code == 1
    assert {"extension-matches", "media-type-accepted"} <= found(report)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mms/photo.jpg", 'has "Photo.jpg", and not "photo.jpg"'),
        ("mms/Phota.jpg", 'did you mean "Photo.jpg"?'),
        ("mms/sub/Photo.jpg", 'has no "sub"'),
        ("mms/../Photo.jpg", '".." is no name'),
        ("mms/%2e%2e/Photo.jpg", "is no name"),
        ("mms/%2Fetc", "is no name"),
        ("mms/", "is no name"),
    ],
)
def test_a_mapped_url_without_its_file_fails_and_names_the_nearest(
    tmp_path: Path, url: str, words: str
) -> None:
    put(tmp_path / "mmscheck.toml", ASSETS)
    put(tmp_path / "assets" / "Photo.jpg", MEDIA / "photo-small.jpg")
    put(tmp_path / "Photo.jpg", MEDIA / "photo-small.jpg")
    put(tmp_path / "sale.xml", message(image(url)))
    code, report = judged(tmp_path, "sale.xml")
    (item,) = [each for each in report["messages"][0]["evaluations"] if each["rule"] == "asset-present"]
    assert (code, item["outcome"]) == (1, "failed")
    assert words in item["message"]
    assert outcomes(report, "image-decodes") == ["inapplicable"]


def test_a_mapped_file_too_large_for_any_message_fails_the_message(tmp_path: Path) -> None:
    put(tmp_path / "mmscheck.toml", ASSETS)
    put(tmp_path / "sale.xml", message(image("mms/a.jpg"), image("elsewhere/b.jpg")))
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.jpg").write_bytes((MEDIA / "photo-small.jpg").read_bytes() + bytes(5_000_000))
    code, report = judged(tmp_path, "sale.xml")
    assert (code, outcomes(report, "message-size")) == (1, ["failed"])


def test_folders_are_walked_for_messages_and_media(tmp_path: Path) -> None:
    put(tmp_path / "all" / "sale.XML", message(image("mms/photo.jpg")))
    put(tmp_path / "all" / "deep" / "photo.JPG", MEDIA / "photo-small.jpg")
    put(tmp_path / "all" / "notes.txt", "notes")
    put(tmp_path / "all" / ".hidden" / "bad.jpg", MEDIA / "mystery.bin")
    code, report = judged(tmp_path, "all", "all/sale.XML")
    assert code == 0
    assert [entry["source"] for entry in report["messages"]] == ["all/sale.XML", "all/deep/photo.JPG"]


def paths_of(ran: Ran) -> list[str]:
    return [entry["source"] for entry in json.loads(ran.out)["messages"]]


@pytest.mark.parametrize("command", ["lint", "check"])
def test_what_is_excluded_or_ignored_by_git_is_left_out_of_folders_and_counted(
    tmp_path: Path, command: str
) -> None:
    good = message("<message-text>Hello</message-text>")
    kept = ["sale.xml", "drafts/keep.xml", "sub/a.xml", "sub/node_modules.xml"]
    gone = ["node_modules/x.xml", "drafts/no.xml", "old/b.xml", "sub/own.xml", "sub/node_modules/y.xml"]
    for name in (*kept, *gone):
        put(tmp_path / name, good)
    put(tmp_path / ".gitignore", "# installed\nnode_modules/\n/drafts/*\n!keep.xml\n")
    put(tmp_path / "sub" / ".gitignore", "own.xml")
    ran = run(command, tmp_path, ".", "--exclude", "old/", "--format", "json")
    assert ran.code in (0, 1, 3)
    assert sorted(paths_of(ran)) == sorted(kept)
    left = "5 files or folders were left out, as .gitignore or --exclude say."
    assert left in json.loads(ran.out)["allowances"]
    named = run(command, tmp_path, "old/b.xml", "drafts/no.xml", "--exclude", "*.xml", "--format", "json")
    assert paths_of(named) == ["old/b.xml", "drafts/no.xml"]


@pytest.mark.parametrize("command", ["lint", "check"])
def test_links_that_lead_out_or_nowhere_are_named_and_end_nothing(tmp_path: Path, command: str) -> None:
    put(tmp_path / "repo" / "sale.xml", message("<message-text>Hello</message-text>"))
    put(tmp_path / "secret", "root:x:0:0:")
    (tmp_path / "repo" / "evil.xml").symlink_to(tmp_path / "secret")
    (tmp_path / "repo" / "gone.xml").symlink_to("nowhere.xml")
    ran = run(command, tmp_path, "repo", "--format", "json")
    assert ran.code != 2
    assert "root:x" not in ran.out
    assert paths_of(ran) == ["repo/sale.xml"]
    (told,) = [each for each in json.loads(ran.out)["allowances"] if "link" in each]
    assert told == (
        "2 links were not followed: repo/evil.xml (it leads out of the folder that was given), "
        "repo/gone.xml (it leads nowhere)."
    )


def test_a_folder_with_nothing_but_what_is_ignored_is_no_success(tmp_path: Path) -> None:
    put(tmp_path / "all" / "sale.xml", message("<message-text>Hello</message-text>"))
    ran = lint(tmp_path, "all", "--exclude", "sale.xml")
    assert ran.code == 2
    assert "1 file or folder was left out" in ran.err


@pytest.mark.parametrize("given", [[], ["gone.xml"], ["gone.jpg"], ["empty"], ["empty", "gone.jpg"]])
def test_nothing_to_judge_is_no_success(tmp_path: Path, given: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    ran = lint(tmp_path, *given)
    assert ran.code == 2
    assert "PASS" not in ran.out


def test_a_file_that_cannot_be_read_denies_beside_a_good_one(tmp_path: Path) -> None:
    put(tmp_path / "photo.jpg", MEDIA / "photo-small.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    ran = lint(tmp_path, "photo.jpg", "pipe.jpg")
    assert ran.code == 2
    assert "NOT READ: pipe.jpg: not a regular file" in ran.out


def test_other_xml_is_skipped_only_when_asked_for(tmp_path: Path) -> None:
    put(tmp_path / "pom.xml", "<!-- <request> --><project>")
    put(tmp_path / "sale.xml", message(image("mms/photo.jpg")))
    put(tmp_path / "broken.xml", "<REQUEST><NAME>half")
    put(tmp_path / "empty.xml", "")
    assert (lint(tmp_path, "pom.xml")).code == 1
    skipped = lint(tmp_path, "pom.xml", "--skip-other-xml")
    assert (skipped.code, skipped.out) == (0, "")
    assert "skipped" in skipped.err
    assert (lint(tmp_path, "pom.xml", "sale.xml", "--skip-other-xml")).code == 0
    assert (lint(tmp_path, "broken.xml", "--skip-other-xml")).code == 1
    assert (lint(tmp_path, "empty.xml", "--skip-other-xml")).code == 1
    assert (lint(tmp_path, "pom.xml", "gone.xml", "--skip-other-xml")).code == 2


def test_strict_makes_advice_block_and_the_sender_sets_the_sizes(tmp_path: Path) -> None:
    put(tmp_path / "logo.png", MEDIA / "logo-small.png")
    assert (lint(tmp_path, "logo.png")).code == 0
    assert (lint(tmp_path, "logo.png", "--strict")).code == 1
    code, report = judged(tmp_path, "logo.png", "--sender", "short-code", "--carrier", "att")
    assert (code, report["ruleset"]["profile"]) == (0, "lint")


@pytest.mark.parametrize("arguments", [("check", "--profile", "lint", "sale.xml"), ("check", "sale.xml")])
def test_the_rules_of_lint_are_refused_to_a_check(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    put(tmp_path / "sale.xml", message(image("mms/photo.jpg")))
    put(tmp_path / "mmscheck.toml", 'profile = "lint"\n')
    ran = run(arguments[0], tmp_path, *arguments[1:])
    assert ran.code == 2
    assert "use mmscheck lint" in ran.err


@pytest.mark.parametrize("name", ["photo-small.jpg", "jingle-small.mp3"])
async def test_what_is_heavy_is_loaded_only_where_it_is_needed(tmp_path: Path, name: str) -> None:
    """Modules that leave a trace stand before the real ones; workers, which may write none, have others."""
    traces = tmp_path / "traces"
    traces.mkdir()
    for module in ("aiohttp", "av"):
        trace = (
            f"import os\nos.makedirs({str(traces / module)!r}, exist_ok=True)\nraise ImportError('traced')\n"
        )
        put(tmp_path / "path" / f"{module}.py", trace)
    put(tmp_path / name, MEDIA / name)
    put(tmp_path / "sale.xml", message(image("mms/photo.jpg")))
    await mmscheck("lint", name, "sale.xml", cwd=tmp_path, PYTHONPATH=str(tmp_path / "path"))
    assert list(traces.iterdir()) == []


def test_paths_are_each_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "a" / "x.jpg", "x")
    found_ = sort_paths(["a", "a/x.jpg", "y.xml", "-", "y.xml", "thing"])
    assert (found_.documents, found_.media) == (("y.xml", "-"), ("a/x.jpg", "thing"))


def test_folders_deeper_than_calls_may_be_are_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    deep = tmp_path
    for _ in range(1500):
        deep /= "d"
        deep.mkdir()
    (deep / "sale.xml").write_text(message("<message-text>Hello</message-text>"))
    code = main(("lint", "d"))
    (deep / "sale.xml").unlink()
    while deep != tmp_path:  # what clears away after tests would be too deep in calls itself
        deep.rmdir()
        deep = deep.parent
    assert (code, "sale.xml" in capsys.readouterr().out) == (0, True)


def test_folders_are_walked_in_order_and_not_through_links(tmp_path: Path) -> None:
    for name in ("b/2.xml", "a/1.jpg", "0.xml", ".hidden/no.xml", "b/c/3.XML", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "b" / "round").symlink_to(tmp_path)
    found = sort_paths((str(tmp_path),))
    assert [str(Path(each).relative_to(tmp_path)) for each in found.documents] == [
        "0.xml",
        "b/2.xml",
        "b/c/3.XML",
    ]
    assert [str(Path(each).relative_to(tmp_path)) for each in found.media] == ["a/1.jpg"]
