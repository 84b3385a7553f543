"""Types whose fields are resolved when their module is imported, not when a thread first meets them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=type[Any])


def resolved(kind: T) -> T:
    """Decorate a struct that threads decode or convert.

    msgspec resolves the annotations of a type at its first use and shows other threads what is half done: two
    threads that decode one type of many structs for the first time end the process by a segmentation fault
    (msgspec 0.22.0, met in a service under load). A ``Decoder`` made with the module resolves its type too.
    """
    msgspec.json.Decoder(kind)
    return kind
