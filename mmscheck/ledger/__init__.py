"""The durable record of saves, checks, sends, postbacks and holds, and the guard against sending twice.

What is kept, and why:

- of a send: its number, sender, stored message, digests, campaign and line, because an unknown outcome can
  only be cleared up, and a postback without a tracking id only be matched, by who was to get what;
- of a stored message: name, subject, digests, and its media's URLs with every query that may be a secret
  replaced, because they prove that what is sent is what was checked;
- of a postback: every element it came with, because nobody can ask for it again;
- of a hold or a resolution: reason and name.

Texts of messages and merge data are not kept; they are in the digests. The API key is never handed to the
ledger but as something to keep out (``secrets``).

Every change is a row of an append-only, hash-chained history; the other tables are what it amounts to,
written in the same transaction. Of several processes on one database each may do everything at any time:
whoever writes locks the history's end, and a constraint holds each idempotency key to one send.
"""

from mmscheck.ledger.claims import idempotency_key
from mmscheck.ledger.ledger import LEASE, MAX_ATTEMPTS, REMOTE_LEASE, Ledger, open_ledger
from mmscheck.ledger.questions import Summary
from mmscheck.ledger.reading import Concerned, Filter
from mmscheck.ledger.saves import Save
from mmscheck.ledger.sends import Match
from mmscheck.ledger.where import default_file

__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "REMOTE_LEASE",
    "Concerned",
    "Filter",
    "Ledger",
    "Match",
    "Save",
    "Summary",
    "default_file",
    "idempotency_key",
    "open_ledger",
]
