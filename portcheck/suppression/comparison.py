"""Two versions of a tree: what is new in the later one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from portcheck.checked import Notice
from portcheck.pack.finding import WORST_FIRST, Finding


def introduced(after: Iterable[Finding], before: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that were not there before, or were milder."""
    was = {one.identity: one for one in before}
    for one in after:
        old = was.get(one.identity)
        if old is None or WORST_FIRST.index(one.verdict) < WORST_FIRST.index(old.verdict):
            yield one


def new_notices(after: Iterable[Notice], before: Iterable[Notice]) -> Iterator[Notice]:
    """The notices of which there were fewer before, by what they say of a file."""
    was = Counter(map(_said, before))
    for one in after:
        said = _said(one)
        if was[said]:
            was[said] -= 1
        else:
            yield one


def _said(notice: Notice) -> tuple[str, str, str]:
    return notice.id, notice.text, notice.place.path if notice.place is not None else ""
