"""What the service keeps beside the ledger: jobs, links and notices that are still to go out.

None of it decides anything about a send: at most once is the ledger's own promise. So these are plain tables
without a chain, and losing them loses reports, never a send.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

META = MetaData()

JOBS = Table(
    "mmscheck_serve_jobs",
    META,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("key", String(200)),
    Column("payload", String(64), nullable=False),
    Column("runner", String(200), nullable=False),
    Column("beat", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("expires", Float, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("work", LargeBinary),
    Column("report", LargeBinary),
    Column("outcome", Text),
    Column("problem", Text),
    UniqueConstraint("owner", "kind", "key", name="mmscheck_serve_jobs_key"),
    Index("mmscheck_serve_jobs_state", "state", "beat"),
    Index("mmscheck_serve_jobs_expires", "expires"),
)
"""One row a job. ``work`` is what it needs to run and is emptied at its end; ``payload`` is its digest.

``runner`` is the process that has it, ``beat`` when that process last said that it lives (seconds since the
epoch, as all times here). ``key`` is what the client called it, once for each owner and kind.
"""

SHARES = Table(
    "mmscheck_serve_shares",
    META,
    Column("digest", String(64), primary_key=True),
    Column("job", String(32), nullable=False),
    Column("expires", Float, nullable=False),
)
"""Links to reports, by the digest of what is in the link: who reads the database can follow none."""

FILES = Table(
    "mmscheck_serve_files",
    META,
    Column("job", String(32), primary_key=True),
    Column("files", LargeBinary, nullable=False),
)
"""What a fix has made, as a zip file; it lives as long as its job."""

CAMPAIGNS = Table(
    "mmscheck_serve_campaigns",
    META,
    Column("job", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("stop", Text),
    Column("progress", Text, nullable=False),
    Column("seen", Float, nullable=False),
)
"""What a campaign's job has beside its row; ``stop`` is why somebody asked for its end, in any process.

``seen`` is when it was last at work, whichever process had it.
"""

NOTICES = Table(
    "mmscheck_serve_notices",
    META,
    Column("id", String(160), primary_key=True),
    Column("target", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made", Float, nullable=False),
    Column("due", Float, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("last", Text, nullable=False),
)
"""What is to be told to whom: ``waiting`` until it was ``told``, or was tried often enough (``lost``)."""
