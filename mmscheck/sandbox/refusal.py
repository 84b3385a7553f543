"""How the stand-in says no: a documented code and words that say what exactly was wrong."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - the provider's answer, not a fault of the program
    """A call the provider refuses; ``code`` is a documented error code."""

    def __init__(self, code: str, info: str) -> None:
        """Keep the code and the text that goes into error-info."""
        self.code = code
        # It may quote what came over the network, and must fit into XML and onto a terminal.
        self.info = "".join(character if character.isprintable() else " " for character in info)
        super().__init__(f"{code} {self.info}")
