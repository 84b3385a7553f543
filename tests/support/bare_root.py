"""A bare Debian that commands are run in as in a container: own processes, own network, nobody's rights.

What an image is made of, without the engine that makes images. Needs root, and ``debootstrap``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.dockerfile import Stage

BASE = "python3,python3-venv"
"""What an image of Python has beside Debian's least."""

_ENTER = """
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc /proc
mount --bind /proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
[ -z "$WHEELS" ] || { mkdir -p "$ROOT/wheels"; mount --bind "$WHEELS" "$ROOT/wheels"; }
"""

_AS_IMAGE = """
ip link set lo up
mount -o remount,bind,ro "$ROOT"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$ROOT/tmp"
mount -t tmpfs -o "uid=$ID,gid=$ID,mode=700" tmpfs "$ROOT$STATE"
INSIDE=(chroot "$ROOT" setpriv "--reuid=$ID" "--regid=$ID" --clear-groups --no-new-privs --bounding-set=-all)
INSIDE+=(--inh-caps=-all env -i -C "$STATE" "${SURROUNDINGS[@]}")
inside() { "${INSIDE[@]}" "$@"; }
"""
"""What `docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges` sets up."""


def bootstrap(folder: Path, release: str) -> Path:
    """A Debian of that release in a new folder, from the mirror that the tool knows."""
    root = folder / "bare"
    command = ["debootstrap", "--variant=minbase", f"--include={BASE}", release, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (root / "usr" / "local" / "bin" / "python").symlink_to("/usr/bin/python3")
    return root


def copied(root: Path, to: Path) -> Path:
    """Another one like it, by links: steps put new files in the place of old ones, and write into none."""
    subprocess.run(["cp", "-al", str(root), str(to)], check=True)
    return to


def build(stage: Stage, root: Path, others: Mapping[str, Path], context: Path, wheels: Path) -> None:
    """Take every step of a stage that changes files, in order; ``context`` is what COPY copies from."""
    at = "/"
    for step in stage.steps:
        if step.name == "WORKDIR":
            at = step.argument
            (root / at[1:]).mkdir(parents=True, exist_ok=True)
        elif step.name == "COPY":
            *sources, target = [word for word in step.words if not word.startswith("--from=")]
            other = [word.removeprefix("--from=") for word in step.words if word.startswith("--from=")]
            for source in sources:
                place = root / (target[1:] if target.startswith("/") else f"{at[1:]}/{target}")
                if other:
                    subprocess.run(["cp", "-al", str(others[other[0]] / source[1:]), str(place)], check=True)
                else:
                    _copy(context / source, place)
        elif step.name == "RUN":
            run = ["chroot", str(root), "env", "-C", at, "PIP_NO_INDEX=1", "PIP_FIND_LINKS=/wheels"]
            _entered(_ENTER + 'exec "$@"', root, [*run, "/bin/sh", "-c", step.argument], wheels=wheels)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=ignored)
    else:
        shutil.copy2(source, target / source.name if target.is_dir() else target)


def run_as_image(stage: Stage, root: Path, script: str) -> str:
    """What a script of bash prints; its ``inside COMMAND...`` is the image's user in a read-only root."""
    (user, _, _) = stage.last("USER").argument.partition(":")
    state = stage.last("WORKDIR").argument
    told = stage.environment
    path = told.pop("PATH").replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
    surroundings = " ".join(f"'{name}={value}'" for name, value in {**told, "PATH": path}.items())
    head = f"ID={user} STATE={state}\nSURROUNDINGS=({surroundings})\n"
    return _entered(head + _ENTER + _AS_IMAGE + script, root, [], apart=("--net",))


def _entered(
    script: str,
    root: Path,
    arguments: Sequence[str],
    *,
    wheels: Path | None = None,
    apart: Sequence[str] = (),
) -> str:
    done = subprocess.run(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", *apart),
            *("bash", "-euo", "pipefail", "-c", script, "bash", *arguments),
        ],
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ROOT": str(root),
            "WHEELS": "" if wheels is None else str(wheels),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout
