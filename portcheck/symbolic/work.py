"""The work that one decision may do, in steps: the same answer on every machine."""

from __future__ import annotations


class Work:
    """A number of steps that gets less; shared by all that work on one decision."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> bool:
        """Take steps from what is left; False if there are none."""
        self.left -= steps
        return self.left >= 0

    @property
    def is_spent(self) -> bool:
        return self.left < 0
