"""The version of this program, which pyproject.toml takes from here.

Asking the installed package costs 20 ms of every start: ``importlib.metadata`` brings zipfile and email.
"""

VERSION = "0.1.0"
