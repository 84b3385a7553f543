"""One piece of work as it is kept until it is done: everything that is needed to begin it, also once more."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

import msgspec

from mmscheck.base.resolved import resolved
from mmscheck.model.request import SendRequest
from mmscheck.serve.bodies import Named
from mmscheck.serve.campaign_words import CampaignFields
from mmscheck.serve.words import Kind, MendOptions, Options, Outcome, Problem, State


@resolved
class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is to do; which of the fields count depends on the kind.

    ``key`` is the ledger's idempotency key, ``mending`` is of a fix alone. A campaign has its rows as the one
    of its ``files``.
    """

    kind: Kind
    documents: tuple[Named, ...] = ()
    files: tuple[Named, ...] = ()
    urls: tuple[str, ...] = ()
    options: Options = Options()
    mending: MendOptions = MendOptions()
    request: SendRequest | None = None
    campaign: CampaignFields | None = None
    key: str | None = None
    again: bool = False

    def packed(self) -> bytes:
        """As the store keeps it."""
        return msgspec.msgpack.encode(self)

    @property
    def payload(self) -> str:
        """A digest of what is asked for, so that one key cannot stand for two things."""
        return hashlib.sha256(msgspec.msgpack.encode(self, order="deterministic")).hexdigest()


@resolved
class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A packed work in which another text of the same length stands wherever a secret stood."""

    packed: bytes
    stand_ins: tuple[bytes, ...]


def sealed(packed: bytes, known: Sequence[bytes]) -> bytes:
    """As it may be kept: a document may hold the provider's key, and whoever reads the jobs must not."""
    stand_ins = []
    for secret in known:
        stand_in = secrets.token_hex(len(secret))[: len(secret)].encode()
        while stand_in in packed:
            stand_in = secrets.token_hex(len(secret))[: len(secret)].encode()
        packed = packed.replace(secret, stand_in)
        stand_ins.append(stand_in)
    return msgspec.msgpack.encode(Sealed(packed=packed, stand_ins=tuple(stand_ins)))


def opened(data: bytes, known: Sequence[bytes]) -> bytes:
    """The packed work as it was, while the secrets are the same; with others a document reads otherwise."""
    found = msgspec.msgpack.decode(data, type=Sealed)
    packed = found.packed
    for stand_in, secret in zip(found.stand_ins, known, strict=False):
        if len(stand_in) == len(secret):
            packed = packed.replace(stand_in, secret)
    return packed


def unpacked(data: bytes) -> Work:
    """The work as it was kept."""
    return msgspec.msgpack.decode(data, type=Work)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the store has it, without its work and its report; times are seconds since the epoch."""

    id: str
    owner: str
    kind: Kind
    state: State
    key: str | None
    payload: str
    runner: str
    tries: int
    created: float
    started: float | None
    ended: float | None
    expires: float
    done: int
    total: int | None
    outcome: Outcome | None
    problem: Problem | None

    @property
    def is_over(self) -> bool:
        """Whether nothing about it will change any more."""
        return self.state in {State.DONE, State.FAILED}
