"""Messages of a report that are not in memory: each is there while somebody looks at it.

A run of many messages has some 60 kB of evaluations for each. Whoever goes through them once needs one at a
time; what is asked again and again, heads and counts, can be had without the evaluations.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from msgspec.structs import replace

if TYPE_CHECKING:
    from mmscheck.model.report import Evaluation, MessageReport
    from mmscheck.model.words import Outcome


class MessageSeries(Sequence["MessageReport"]):
    """Message reports in order, to be gone through as often as one likes; two looks give equal ones."""

    @abstractmethod
    def one(self, at: int) -> MessageReport:
        """The report at a place, from 0."""

    @abstractmethod
    def heads(self) -> Iterator[MessageReport]:
        """Each without its evaluations, which takes a tenth of the time or less."""

    @property
    @abstractmethod
    def outcomes(self) -> Counter[Outcome]:
        """How many evaluations of all messages have each outcome."""

    @overload
    def __getitem__(self, at: int) -> MessageReport: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[MessageReport, ...]: ...

    def __getitem__(self, at: int | slice) -> MessageReport | tuple[MessageReport, ...]:
        """The report at a place, or those at several."""
        places = range(len(self))[at]
        return self.one(places) if isinstance(places, int) else tuple(map(self.one, places))

    def __iter__(self) -> Iterator[MessageReport]:
        """Each, read when it is asked for."""
        return map(self.one, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether another sequence holds equal ones."""
        if self is other:
            return True
        if not isinstance(other, Sequence) or len(other) != len(self):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment] # as for lists


class JoinedSeries(MessageSeries):
    """The messages of several sequences, one after the other."""

    def __init__(self, parts: Iterable[Sequence[MessageReport]]) -> None:
        """``parts`` are looked at, and not copied."""
        self._parts = tuple(parts)

    def __len__(self) -> int:
        """Of all parts together."""
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[MessageReport]:
        """Part by part."""
        return (message for part in self._parts for message in part)

    def one(self, at: int) -> MessageReport:
        """The report at a place, from 0."""
        for part in self._parts:
            if at < len(part):
                return part[at]
            at -= len(part)
        raise IndexError(at)

    def heads(self) -> Iterator[MessageReport]:
        """Part by part."""
        return (head for part in self._parts for head in heads_of(part))

    @property
    def outcomes(self) -> Counter[Outcome]:
        """Of all parts together."""
        return sum(map(outcomes_of, self._parts), Counter())

    def __eq__(self, other: object) -> bool:
        """Nothing is read where the parts are the same ones."""
        if isinstance(other, JoinedSeries) and len(self._parts) == len(other._parts):
            pairs = zip(self._parts, other._parts, strict=True)
            if all(mine is theirs for mine, theirs in pairs):
                return True
        return super().__eq__(other)

    __hash__ = None


class ChangedSeries(MessageSeries):
    """The messages of a sequence, each changed when it is asked for; outcomes stay what they are."""

    def __init__(
        self, messages: Sequence[MessageReport], change: Callable[[MessageReport], MessageReport]
    ) -> None:
        """``change`` is called anew at each look."""
        self._messages, self._change = messages, change

    def __len__(self) -> int:
        """As many as there were."""
        return len(self._messages)

    def __iter__(self) -> Iterator[MessageReport]:
        """Each, changed."""
        return map(self._change, self._messages)

    def one(self, at: int) -> MessageReport:
        """The report at a place, from 0."""
        return self._change(self._messages[at])

    def heads(self) -> Iterator[MessageReport]:
        """Each without its evaluations, changed."""
        return map(self._change, heads_of(self._messages))

    @property
    def outcomes(self) -> Counter[Outcome]:
        """As they were."""
        return outcomes_of(self._messages)


def heads_of(messages: Sequence[MessageReport]) -> Iterator[MessageReport]:
    """The messages of a report without their evaluations."""
    if isinstance(messages, MessageSeries):
        return messages.heads()
    return (replace(message, evaluations=()) for message in messages)


def outcomes_of(messages: Sequence[MessageReport]) -> Counter[Outcome]:
    """How many evaluations of these messages have each outcome."""
    if isinstance(messages, MessageSeries):
        return messages.outcomes
    return count_outcomes(item for message in messages for item in message.evaluations)


def count_outcomes(evaluations: Iterable[Evaluation]) -> Counter[Outcome]:
    """How many of these have each outcome."""
    return Counter(item.outcome for item in evaluations)


def changed(
    messages: Sequence[MessageReport], change: Callable[[MessageReport], MessageReport]
) -> Sequence[MessageReport]:
    """Each changed: at once where they are in memory, else when it is asked for."""
    return (
        ChangedSeries(messages, change)
        if isinstance(messages, MessageSeries)
        else tuple(map(change, messages))
    )


def joined(parts: Sequence[Sequence[MessageReport]]) -> Sequence[MessageReport]:
    """All of them in order: a tuple where they are in memory."""
    if any(isinstance(part, MessageSeries) for part in parts):
        return JoinedSeries(parts)
    return tuple(message for part in parts for message in part)
