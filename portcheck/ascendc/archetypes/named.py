"""What in the port stands for what in the CUDA kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portcheck.ascendc.body import Scalar
from portcheck.targets.text import Text


@dataclass(frozen=True, slots=True)
class Named:
    """Names of the port and of the kernel.

    `order` names the buffers in the order of the entry's parameters, `cuda` gives the kernel's
    parameter that a buffer or a scalar of the port stands for. `spelled` says how a scalar is
    computed in CUDA, `notes` what is taken for granted of the launch.
    """

    order: tuple[str, ...]
    cuda: Mapping[str, str] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()

    def scalar(self, name: str, ctype: str, meaning: Text) -> Scalar:
        """A number of MakeTiling; its meaning says what it is in CUDA where that is no parameter."""
        cuda = self.cuda.get(name, "")
        spelled = "" if cuda else self.spelled.get(name, "")
        if spelled:
            meaning = Text(f"{meaning.en}; in CUDA {spelled}", f"{meaning.zh}；CUDA 中为 {spelled}")
        return Scalar(name, ctype, meaning, cuda)
