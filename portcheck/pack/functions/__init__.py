"""Finders for what a predicate over facts cannot say; one file a family of rules.

A finder takes a `View` and yields `Match`es. It is registered with its name, and with the
fields that its matches have.
"""

from __future__ import annotations

from portcheck.pack.functions import alignment
from portcheck.pack.functions.registry import FUNCTIONS, Finder

__all__ = ["FUNCTIONS", "Finder", "alignment"]
