"""Where the cache lies: the platform's folder for such files, or where the user wants it.

Written out by hand: the libraries for this take longer to import than a warm answer takes to read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

VARIABLE = "PORTCHECK_CACHE_DIR"


def default_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> str | None:
    """The folder, which need not exist yet; None where there is no home to put it in."""
    given = os.environ if environment is None else environment
    if given.get(VARIABLE):
        return os.path.abspath(given[VARIABLE])
    if platform == "win32":
        local = given.get("LOCALAPPDATA")
        return os.path.join(local, "portcheck", "Cache") if local else None
    if platform != "darwin" and os.path.isabs(given.get("XDG_CACHE_HOME", "")):
        return os.path.join(given["XDG_CACHE_HOME"], "portcheck")
    home = given.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        return None
    return os.path.join(home, *(("Library", "Caches") if platform == "darwin" else (".cache",)), "portcheck")
