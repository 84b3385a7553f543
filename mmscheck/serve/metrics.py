"""Numbers for Prometheus, in its text format 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/ (2026-11). No label holds a text of a stranger:
names of routes, rules and states are this program's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from mmscheck.model.campaign import CampaignResult
from mmscheck.model.observation import Fetched
from mmscheck.model.report import Report
from mmscheck.model.request import SendStatus
from mmscheck.serve.checker import Done
from mmscheck.serve.words import Kind

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_Labels = tuple[tuple[str, str], ...]


class _Histogram:
    """Counts of what took at most so many seconds."""

    def __init__(self) -> None:
        self._buckets: Counter[tuple[_Labels, float]] = Counter()
        self._sums: Counter[_Labels] = Counter()
        self._counts: Counter[_Labels] = Counter()

    def add(self, labels: _Labels, seconds: float) -> None:
        """One more."""
        for bound in _SECONDS:
            if seconds <= bound:
                self._buckets[labels, bound] += 1
        self._sums[labels] += seconds  # type: ignore[assignment] # a Counter of floats works, and is typed for ints
        self._counts[labels] += 1

    def lines(self, name: str) -> Iterator[str]:
        """As Prometheus reads it."""
        for labels in sorted(self._counts):
            for bound in _SECONDS:
                yield _line(f"{name}_bucket", (*labels, ("le", f"{bound:g}")), self._buckets[labels, bound])
            yield _line(f"{name}_bucket", (*labels, ("le", "+Inf")), self._counts[labels])
            yield _line(f"{name}_sum", labels, round(self._sums[labels], 6))
            yield _line(f"{name}_count", labels, self._counts[labels])


class Metrics:
    """What this process has done since it began."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._requests: Counter[_Labels] = Counter()
        self._jobs: Counter[_Labels] = Counter()
        self._outcomes: Counter[_Labels] = Counter()
        self._calls: Counter[_Labels] = Counter()
        self._seconds = _Histogram()
        self._job_seconds = _Histogram()
        self._fetches = _Histogram()
        self._decodes = _Histogram()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered; ``route`` is its template."""
        self._requests[("method", method), ("route", route), ("status", str(status))] += 1
        self._seconds.add((("route", route),), seconds)

    def ended(self, kind: Kind, done: Done | None, seconds: float) -> None:
        """One job ended."""
        self._jobs[("kind", kind.value), ("verdict", "none" if done is None else done.outcome.verdict)] += 1
        self._job_seconds.add((("kind", kind.value),), seconds)
        if done is None:
            return
        if done.campaign is not None:
            self._sent(done.campaign)
        elif done.send is not None:
            self._calls[("call", kind.value), ("status", done.send.status.value)] += 1
        if done.report is not None:
            self._judged(done.report)

    def decoded(self, seconds: float) -> None:
        """A check or lint had one medium decoded."""
        self._decodes.add((), seconds)

    def _sent(self, result: CampaignResult) -> None:
        ends = {
            SendStatus.ACCEPTED: result.accepted,
            SendStatus.REFUSED: result.refused,
            SendStatus.NOT_ATTEMPTED: result.not_sent,
            SendStatus.UNKNOWN: result.unknown,
        }
        for status, number in ends.items():
            if number:
                self._calls[("call", Kind.CAMPAIGN.value), ("status", status.value)] += number

    def _judged(self, report: Report) -> None:
        for message in report.messages:
            for item in message.evaluations:
                self._outcomes[("outcome", item.outcome.value), ("rule", item.rule)] += 1
            for seen in message.observations.values():
                if isinstance(seen, Fetched) and seen.hops and seen.timing_ms.total is not None:
                    self._fetches.add((), seen.timing_ms.total / 1000)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """Everything; ``gauges`` are what stands now, as name to help and value."""
        return "\n".join([*self._lines(), *_gauges(gauges)]) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from _counter("mmscheck_requests_total", "Requests answered.", self._requests)
        yield from _counter("mmscheck_jobs_total", "Jobs ended, by what was decided.", self._jobs)
        yield from _counter(
            "mmscheck_rule_outcomes_total", "Evaluations by rule and outcome.", self._outcomes
        )
        yield from _counter("mmscheck_calls_total", "Saves and sends by how they ended.", self._calls)
        for name, told, histogram in (
            ("mmscheck_request_seconds", "Seconds to answer a request.", self._seconds),
            ("mmscheck_job_seconds", "Seconds that a job ran.", self._job_seconds),
            ("mmscheck_fetch_seconds", "Seconds to fetch one medium.", self._fetches),
            (
                "mmscheck_decode_seconds",
                "Seconds to decode one medium of a check or lint, the wait for a worker included.",
                self._decodes,
            ),
        ):
            yield f"# HELP {name} {told}"
            yield f"# TYPE {name} histogram"
            yield from histogram.lines(name)


def _counter(name: str, told: str, counts: Counter[_Labels]) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} counter"
    for labels, number in sorted(counts.items()):
        yield _line(name, labels, number)


def _gauges(gauges: Mapping[str, tuple[str, float]]) -> Iterator[str]:
    for name, (told, number) in gauges.items():
        yield f"# HELP {name} {told}"
        yield f"# TYPE {name} gauge"
        yield _line(name, (), number)


def _line(name: str, labels: _Labels, number: float) -> str:
    told = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
    return f"{name}{{{told}}} {number}" if told else f"{name} {number}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
