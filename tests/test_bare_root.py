"""The Dockerfile's own steps in a bare Debian, and what comes of them run as it would be in a container.

Where there is no engine that builds images, this is what shows that the image would build and serve. What it
leaves out: the engine's own filter of system calls, and Python's image, for which Debian's Python stands.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import Marker

from mmscheck.base.version import VERSION
from mmscheck.media import ISOLATED
from tests.support import bare_root
from tests.support.dockerfile import Stage, stages
from tests.support.servers.daemon import require

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[1]
RELEASE = "trixie"
"""The Debian whose Python is the image's."""

TOKEN = "a-token-for-the-bare-root-0123456789"

STRICT = "import json; print(json.load(open('/tmp/report.json'))['confinement'])"
"""Says what kept the workers in that a report is of."""

ESCAPE = """
import os
from mmscheck.media.confinement import enclose
print(open("/etc/hostname" if os.path.exists("/etc/hostname") else "/etc/passwd").readable())
enclose(os.getppid())
try:
    print(open("/etc/passwd").readable())
except PermissionError:
    print("kept in")
"""

ASK = f"""
import json, urllib.request as u
def ask(path, data=None, **headers):
    headers["Authorization"] = "Bearer {TOKEN}"
    return json.load(u.urlopen(u.Request("http://127.0.0.1:8910" + path, data, headers), timeout=100))
body = b'--x\\r\\nContent-Disposition: form-data; name="file"; filename="a.jpg"\\r\\n\\r\\n'
body += open("/tmp/photo.jpg", "rb").read() + b"\\r\\n--x--\\r\\n"
told = ask("/v1/lint", body, **{{"Content-Type": "multipart/form-data; boundary=x", "Prefer": "wait=90"}})
print(told["exit_code"], told["confinement"])
"""

SERVE = """
mkdir -p "$ROOT/tmp" && cp "$PHOTO" "$ROOT/tmp/photo.jpg" && chmod 644 "$ROOT/tmp/photo.jpg"
inside mmscheck --version
inside sh -c 'touch /opt/mmscheck/x 2>/dev/null || echo read-only'
inside sh -c 'id -un; grep -E "^(CapBnd|CapEff|NoNewPrivs)" /proc/self/status' | tr "\\n" " "; echo
inside mmscheck lint /tmp/photo.jpg --require-confinement --format json=/tmp/report.json --quiet
inside python -c "$STRICT"
inside python -c "$ESCAPE"
"${{INSIDE[@]}}" {command} 2>"$ROOT/tmp/log" &
for _ in $(seq 240); do
  if inside {health} 2>/dev/null; then echo healthy; break; fi
  kill -0 $! || {{ cat "$ROOT/tmp/log"; exit 1; }}
  sleep 0.5
done
inside python -c "$ASK"
echo "filtered $(sed -s -n 's/^Seccomp:\\t2/&/p' /proc/[0-9]*/status 2>/dev/null | wc -l)"
kill -TERM $!
wait $! && echo "ended well"
"""


def image() -> tuple[Stage, Stage]:
    built, final = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert built.image == final.image
    return built, final


def pins(python: str) -> Iterator[str]:
    """The lines of the lock for running that are for that Python, without what else they are for."""
    asked = {"python_version": python, "python_full_version": f"{python}.0"}
    lines = (ROOT / "constraints-runtime.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    meant = False
    for line in lines:
        if not line.startswith((" ", "#")):
            pin, mark, condition = line.rstrip(" \\\n").partition(" ; ")
            meant = not mark or Marker(condition).evaluate(asked)
            if meant:
                yield f"{pin} \\\n"
        elif meant:
            yield line


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every package that the image has, for its Python and not for this one."""
    folder = tmp_path_factory.mktemp("wheels")
    python = image()[0].image.removeprefix("python:").removesuffix("-slim")
    wanted = folder.parent / "wanted.txt"
    wanted.write_text("".join(pins(python)), encoding="utf-8")
    machine = platform.machine()
    systems = [
        f"manylinux{name}_{machine}" for name in ("1", "2014", "_2_5", "_2_17", "_2_28", "_2_34", "_2_41")
    ]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"),
            *(f"--python-version={python}", *(f"--platform={name}" for name in systems)),
            *("--dest", str(folder), "-r", str(wanted)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_images_steps_make_a_service_that_is_healthy_and_keeps_media_in(
    tmp_path: Path, wheels: Path
) -> None:
    require("debootstrap", "debootstrap")
    if os.geteuid() != 0:
        pytest.skip("only root may make and enter a root")
    built, final = image()
    bare = bare_root.bootstrap(tmp_path, RELEASE)
    building = bare_root.copied(bare, tmp_path / "building")
    bare_root.build(built, building, {}, ROOT, wheels)
    bare_root.build(final, bare, {built.name: building}, ROOT, wheels)
    tokens = bare / "run" / "secrets" / "tokens"
    tokens.parent.mkdir(parents=True)
    tokens.write_text(
        f'[tokens.checker]\nsha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}"\nrights = ["check"]\n'
    )
    served = [*final.last("ENTRYPOINT").words, *final.last("CMD").words]
    script = SERVE.format(command=shlex.join(served), health=shlex.join(final.health))
    given = {
        "PHOTO": ROOT / "fixtures" / "media" / "photo-small.jpg",
        "STRICT": STRICT,
        "ESCAPE": ESCAPE,
        "ASK": ASK,
    }
    head = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in given.items())
    told = bare_root.run_as_image(final, bare, head + script)
    isolated = str(list(ISOLATED))
    version, whole, user, commands, before, behind, healthy, served_so, filtered, ended = told.splitlines()
    assert version == f"mmscheck {VERSION}"
    assert whole == "read-only"
    assert user.split() == ["mmscheck", "CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]
    assert (commands, before, behind) == (isolated, "True", "kept in")
    assert (healthy, served_so, ended) == ("healthy", f"0 {isolated}", "ended well")
    assert int(filtered.removeprefix("filtered ")) >= 1, "the worker that looked at the picture"
