"""A Dockerfile as its stages and steps, as far as this project's own has them; what is unknown it refuses."""

from __future__ import annotations

import json
import re

import msgspec

KNOWN = frozenset(
    {
        *("COPY", "RUN", "ENV", "WORKDIR", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"),
        *("ENTRYPOINT", "CMD"),
    }
)


class Step(msgspec.Struct, frozen=True):
    """One instruction and all behind it, on one line."""

    name: str
    argument: str

    @property
    def words(self) -> list[str]:
        """A JSON list as such, anything else by its blanks."""
        if self.argument.startswith("["):
            found: list[str] = json.loads(self.argument)
            return found
        return self.argument.split()


class Stage(msgspec.Struct, frozen=True):
    """What is built on one image."""

    image: str
    name: str
    steps: tuple[Step, ...]

    def last(self, name: str) -> Step:
        """The instruction of that name that counts."""
        return [step for step in self.steps if step.name == name][-1]

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets, with the values as they stand there."""
        return dict(
            word.split("=", 1) for step in self.steps if step.name == "ENV" for word in step.argument.split()
        )

    @property
    def health(self) -> list[str]:
        """The command of HEALTHCHECK, without its options."""
        listed: list[str] = json.loads(self.last("HEALTHCHECK").argument.partition(" CMD ")[2])
        return listed


def stages(text: str) -> tuple[Stage, ...]:
    """Every stage, the first one first."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, _, argument = line.strip().partition(" ")
        if name == "FROM":
            image, _, given = argument.partition(" AS ")
            found.append(Stage(image=image, name=given, steps=()))
            continue
        assert name in KNOWN, line
        found[-1] = msgspec.structs.replace(found[-1], steps=(*found[-1].steps, Step(name, argument.strip())))
    return tuple(found)
