"""What each kind of job does, and how its end is told: a job that was begun before may have been done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import msgspec

from mmscheck.errors import InputError, LedgerError, MmscheckError, UsageError
from mmscheck.serve.calls import Caller
from mmscheck.serve.campaigns import Campaigns, Show
from mmscheck.serve.checker import Checker, Done, Tell
from mmscheck.serve.mending import mend
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.settings import MOST_TRIES, Caps
from mmscheck.serve.store import Store
from mmscheck.serve.words import Kind, Problem, Progress
from mmscheck.serve.work import Row, Work, unpacked

May = Callable[[str, Kind], bool]
"""Whether somebody of that name may have such a job done now."""

CALLING = frozenset({Kind.SEND, Kind.SAVE, Kind.CAMPAIGN})
"""Kinds of job that call the provider."""


class Doer:
    """Does one job at a time, as often as it is asked, of many at the same time."""

    def __init__(
        self,
        store: Store,
        checker: Checker,
        calls: Caller | None,
        campaigns: Campaigns | None,
        caps: Caps,
        *,
        may: May,
    ) -> None:
        """``calls`` and ``campaigns`` None: this service makes no calls, and ends jobs that need one."""
        self._store = store
        self._checker = checker
        self._calls = calls
        self._campaigns = campaigns
        self._caps = caps
        self._may = may

    async def done(self, row: Row, packed: bytes, show: Show) -> tuple[Done | None, Problem | None]:
        """The end of the work, or what kept it from one, or both; neither: it is left to the next process.

        Raises LedgerError for a send that may have been made before, as long as the ledger cannot tell.
        """
        try:
            done = await self._do(row, unpacked(packed), show)
        except ProblemError as error:
            return None, error.problem
        except LedgerError as error:
            if row.tries > 1:
                # An earlier try may have called: the job is kept until the ledger can tell.
                raise
            return None, ProblemError("no-ledger", f"{error}. Nothing was called.").problem
        except (InputError, UsageError) as error:
            return None, ProblemError("malformed", str(error)).problem
        except MmscheckError as error:
            return None, ProblemError("ended", str(error)).problem
        except Exception as error:  # noqa: BLE001 - whatever it is, the job has to end and say so
            return None, _unforeseen(row, error)
        return done, None if done is None else problem_of(done, row)

    def stop(self, job_id: str, why: str) -> None:
        """Send nothing more of a campaign that runs here."""
        if self._campaigns is not None:
            self._campaigns.stop(job_id, why)

    def leave(self) -> None:
        """Leave campaigns to the next process: they would take hours."""
        if self._campaigns is not None:
            self._campaigns.leave()

    async def _do(self, row: Row, work: Work, show: Show) -> Done | None:
        if work.kind is Kind.SEND:
            return await self._send(row, work)
        if work.kind is Kind.CAMPAIGN:
            return await self._campaign(row, work, show)
        if row.tries > MOST_TRIES:
            raise ProblemError(
                "ended", f"It was begun {MOST_TRIES} times, and each time its process ended with it."
            )
        if work.kind is Kind.SAVE and row.tries > 1:
            raise ProblemError(
                "unknown",
                "Its process ended during it: it may have been saved, and nobody knows its id. A save "
                "reaches no phone, so it may be made again, under another Idempotency-Key.",
            )
        self._demand(row)
        if work.kind is Kind.SAVE:
            return await self._caller(work).do(work)
        tell = _counting(show)
        if work.kind is Kind.FIX:
            rules, strict = self._checker.mending_rules(work), self._checker.is_strict(work)
            return await mend(work, rules, self._caps, strict=strict, tell=tell)
        return await self._checker.do(work, tell)

    async def _send(self, row: Row, work: Work) -> Done:
        """A send; one that was begun before may have been made, whatever has changed since."""
        if row.tries == 1:
            self._demand(row)
        calls = self._caller(work, begun=row.tries > 1)
        late = row.tries > MOST_TRIES or time.time() - row.created > self._caps.stale
        if (late or not self._may(row.owner, row.kind)) and await calls.found(work) is None:
            self._demand(row)
            why = f"It was begun {MOST_TRIES} times, and each time its process ended with it."
            if row.tries <= MOST_TRIES:
                why = f"It could not be begun within {self._caps.stale:g} seconds of being taken."
            raise ProblemError("not-sent", f"{why} Nothing was sent; send it anew.")
        return await calls.do(work, begun=row.tries > 1)

    async def _campaign(self, row: Row, work: Work, show: Show) -> Done | None:
        """A campaign, from its beginning or on from where it was: the ledger knows what each number has."""
        note = await self._store.campaigns.note(row.id)
        stood = time.time() - (row.created if note is None else note.seen)
        why = ""
        if not self._may(row.owner, row.kind):
            why = f"{row.owner} may not do that any more"
        elif note is not None and note.stop is not None:
            why = note.stop
        elif row.tries > MOST_TRIES:
            why = f"it was begun {MOST_TRIES} times, and each time its process ended before anything was sent"
        elif stood > self._caps.campaign_rest:
            why = f"for {stood / 60:,.0f} minutes no service went on with it, and it may be out of date"
        elif self._campaigns is None:
            why = "it was taken by a service that makes calls, and this one makes none"
        elif not self._campaigns.speaks(work):
            why = "it was taken by a service that calls the API of its document, and this one does not"
        if why or self._campaigns is None:
            before = "The ledger tells what was sent until then." if row.tries > 1 else "Nothing was sent."
            raise ProblemError("stopped", f"Stopped: {why}. {before} {ONWARD}")
        return await self._campaigns.do(row.id, work, show)

    def _caller(self, work: Work, *, begun: bool = False) -> Caller:
        if self._calls is None:
            before = " It may have been sent before: mmscheck ledger list." if begun else ""
            raise ProblemError(
                "unknown" if begun else "no-sends",
                f"It was taken by a service that makes calls; this one makes none.{before}",
            )
        if begun and not self._calls.speaks(work):
            raise ProblemError(
                "unknown",
                "It was taken by a service that calls the API of its document; this one does not. It may "
                "have been sent before: mmscheck ledger list.",
            )
        return self._calls

    def _demand(self, row: Row) -> None:
        """Whose leave was taken back while the job waited gets nothing done any more."""
        if not self._may(row.owner, row.kind):
            raise ProblemError("no-right", f"{row.owner} may not do that any more. Nothing was done.")


ONWARD = "The same request goes on from there."
"""What somebody does to have the rest of a campaign sent."""

_STATUS: Mapping[str, str] = {"refused": "refused", "not-attempted": "not-sent", "unknown": "unknown"}
_GATE = frozenset({1, 3})
"""Exit codes of what the gate denied."""


def problem_of(done: Done, row: Row) -> Problem | None:
    """What a job that calls came to, and was not accepted: no client may take it for success."""
    if row.kind not in CALLING:
        return None
    outcome = done.outcome
    if done.campaign is not None:
        if not outcome.exit_code:
            return None
        kind = "denied" if outcome.exit_code in _GATE else "unknown" if outcome.status == "unknown" else ""
        kind = kind or ("stopped" if done.campaign.stopped else "not-all")
    elif outcome.status is None or outcome.status.value == "accepted":
        return None
    else:
        kind = _STATUS[outcome.status.value]
        if outcome.verdict != "permit" and kind == "not-sent":
            kind = "denied"
    problem = ProblemError(kind, outcome.detail or "", outcome=outcome).problem
    return msgspec.structs.replace(problem, instance=f"/v1/checks/{row.id}")


def _unforeseen(row: Row, error: Exception) -> Problem:
    maybe = ""
    if row.kind in CALLING:
        maybe = " Whether the provider was called, the ledger tells: mmscheck ledger list."
    # A campaign that raises has sent nothing in this run; one send or save may have been made.
    kind = "unknown" if row.kind in {Kind.SEND, Kind.SAVE} else "internal"
    return ProblemError(kind, f"An error that nobody foresaw ({type(error).__name__}).{maybe}").problem


def _counting(show: Show) -> Tell:
    return lambda done, total: show(Progress(done=done, total=total))
