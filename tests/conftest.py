"""Property tests draw the same examples on every run of CI, and new ones by hand. No test finds answers
that another one left, or leaves any in the user's cache: the cache is where no folder can be."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("hand", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "hand")
os.environ["PORTCHECK_CACHE_DIR"] = os.path.join(os.devnull, "none")
