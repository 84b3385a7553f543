"""What the service is shipped in, read as its readers would; every option in it has to be there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mmscheck.serve import Caps
from tests.support.commands import commands

ROOT = Path(__file__).parents[1]
ACTION, COMPOSE = ROOT / "action.yml", ROOT / "compose.yaml"
UNIT = ROOT / "tools" / "systemd" / "mmscheck-serve.service"
GITLAB = ROOT / "tools" / "gitlab" / "mmscheck.yml"
DOCKERFILE = ROOT / "Dockerfile"


def read(file: Path) -> list[Any]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def options(command: str) -> set[str]:
    found = dict(commands())[command]
    return {option for param in found.params for option in (*param.opts, *param.secondary_opts)}


def named(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def test_the_image_runs_as_nobody_and_writes_one_folder() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    last = text.rpartition("FROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert last.count("RUN ") == 1
    assert "VOLUME /var/lib/mmscheck" in last
    assert "HEALTHCHECK" in last
    assert "--require-hashes" in text
    assert "ADD " not in text
    served = re.search(r"^CMD (.+)$", last, re.MULTILINE)
    assert served is not None
    assert named(served[1]) <= options("serve")
    assert "--require-confinement" in served[1], "in a container the isolation of media has to hold"


def test_the_image_holds_all_that_the_package_is_made_of() -> None:
    copied = set(re.findall(r"^COPY (.+) \S+$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE))
    wanted = {name for line in copied if not line.startswith("--from") for name in line.split()}
    for name in wanted:
        assert (ROOT / name).exists(), name
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in wanted} == {line for line in allowed if line.startswith("!")}


def test_the_composition_is_closed_but_for_one_port_of_this_machine() -> None:
    (whole,) = read(COMPOSE)
    serve = whole["services"]["serve"]
    assert serve["read_only"] is True
    assert serve["cap_drop"] == ["ALL"]
    assert serve["security_opt"] == ["no-new-privileges:true"]
    assert serve["ports"] == ["127.0.0.1:8910:8910"]
    assert named(" ".join(serve["command"])) <= options("serve")
    assert int(serve["stop_grace_period"].removesuffix("s")) > Caps().drain
    assert "ports" not in whole["services"]["postgres"]
    for service in whole["services"].values():
        assert set(service["secrets"]) <= set(whole["secrets"])
    for secret in whole["secrets"].values():
        assert set(secret) == {"file"}, "no secret stands in this file"


def test_the_unit_is_one_and_keeps_the_service_in() -> None:
    text = UNIT.read_text(encoding="utf-8")
    assert named(text) <= options("serve")
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in text
    stop = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert stop is not None
    assert int(stop[1]) > Caps().drain
    # The workers that open media have user namespaces, Landlock and seccomp of their own to set up.
    assert "SystemCallFilter" not in text
    if shutil.which("systemd-analyze") is None:
        return
    ran = subprocess.run(
        ["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, check=False, timeout=60
    )
    told = [line for line in ran.stderr.splitlines() if "is not executable" not in line]
    assert told == []


def scripts() -> dict[str, str]:
    (action,) = read(ACTION)
    _, template = read(GITLAB)
    job = template["mmscheck"]
    return {
        **{step["name"]: step["run"] for step in action["runs"]["steps"] if "run" in step},
        "gitlab": "\n".join([*job["before_script"], *job["script"]]),
    }


@pytest.mark.parametrize("name", scripts())
def test_scripts_are_bash_and_no_input_is_part_of_one(name: str) -> None:
    script = scripts()[name]
    assert "${{" not in script, "an input in a script is a command"
    assert "$[[" not in script
    ran = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert ran.stderr == ""


def test_the_scripts_know_the_options_of_their_commands() -> None:
    for name, script in scripts().items():
        called = [
            line
            for line in script.replace("\\\n", " ").splitlines()
            if "MMSCHECK" in line or "COMMAND" in line
        ]
        asked = named(" ".join(called)) - {"--quiet"}
        assert asked <= options("lint") & options("check"), name


def test_the_action_does_what_it_says(tmp_path: Path) -> None:
    """The very script of the action, with the program of this environment in place of an installed one."""
    script = scripts()["Run mmscheck"]
    programs = tmp_path / "mmscheck" / "bin"
    programs.mkdir(parents=True)
    (programs / "mmscheck").symlink_to(shutil.which("mmscheck") or ROOT / ".venv" / "bin" / "mmscheck")
    (tmp_path / "sale file.xml").write_bytes((ROOT / "fixtures" / "mms" / "broken-sale.xml").read_bytes())
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "COMMAND": "lint",
            "PATHS": "sale file.xml\n",
            "ARGUMENTS": "--strict\n",
            "SARIF": "found.sarif",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ran.returncode == 1, ran.stderr
    assert "::error file=sale file.xml" in ran.stdout
    assert (tmp_path / "output").read_text() == "exit-code=1\n"
    assert "subject-ascii" in (tmp_path / "summary").read_text()
    assert "subject-ascii" in (tmp_path / "found.sarif").read_text()
