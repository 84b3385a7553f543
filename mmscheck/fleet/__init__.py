"""Checks of more messages than one process can hold: plan, facts, join, judgements and sum, all as files.

The steps know no engine: each reads files of a store, writes one file at the end, and does nothing where that
file is there already. Only `mmscheck.fleet.cluster` knows Dask. Needs ``pip install 'mmscheck[fleet]'``.
"""
