"""Finders for what a predicate over facts cannot say; one file a family of rules.

A finder takes a `View` and yields `Match`es. It is registered with its name, and with the
fields that its matches have.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from portcheck.pack.functions.registry import FUNCTIONS, Finder

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["FUNCTIONS", "Finder"]
