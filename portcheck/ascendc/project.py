"""The files of one kernel's project: text by path, nothing is written here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from portcheck.analysis.engine import Analysis
from portcheck.analysis.transfers import Transfer
from portcheck.ascendc import tiling
from portcheck.ascendc.body import Body
from portcheck.ascendc.codes import Codes
from portcheck.ascendc.inputs import REFERENCE_NAME
from portcheck.ascendc.manifest import MAP_NAME, Manifest, Span, place_text, spans_of, without_marks
from portcheck.ascendc.readme import project_readme
from portcheck.ascendc.structured import environment
from portcheck.source.place import Place
from portcheck.targets import Language, Target
from portcheck.targets.text import Text

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SOCS: Mapping[int, str] = {2201: "Ascend910B1", 3510: "Ascend950PR", 2002: "Ascend310P3"}


@dataclass(frozen=True, slots=True)
class Item:
    """One kernel with its body. `folder` is the name of its folder in the output.

    `budgets` say what the CUDA kernel would need of UB, `typical` are values of scalars in a launch.
    """

    folder: str
    kernel: str
    place: Place
    body: Body
    budgets: tuple[Text, ...] = ()
    typical: Mapping[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class ProjectWriter:
    """Makes projects for one tree and target."""

    analysis: Analysis
    target: Target
    codes: Codes
    language: Language

    def files(self, item: Item) -> dict[str, str]:
        """The text of each file by its path below the item's folder; equal input gives equal text."""
        body = item.body
        if not _IDENTIFIER.match(body.name):
            raise ValueError(f"{body.name!r} is no name of a kernel")
        kernel, kernel_marks = without_marks(body.kernel)
        header, header_marks = without_marks(body.tiling)
        kernel_file, header_file = f"op_kernel/{body.name}.cpp", f"op_host/{body.name}_tiling.h"
        spans = (*spans_of(body, kernel_file, kernel_marks), *spans_of(body, header_file, header_marks))
        described = self._manifest(item, tuple(self._told(s, body) for s in spans))
        given = {
            "name": body.name,
            "soc": _SOCS.get(self.target.arch, self.target.products[0]),
            "cores": tiling.cores(self.target),
            "has_reference": bool(body.reference),
        }
        files = {
            kernel_file: kernel,
            header_file: header,
            f"op_host/{tiling.PLATFORM_HEADER}": tiling.shared_header(tiling.PLATFORM_HEADER),
            "CMakeLists.txt": environment().get_template("CMakeLists.txt.jinja").render(given),
            f"test_{body.name}.py": environment().get_template("test.py.jinja").render(given),
            "README.md": project_readme(
                item.kernel, item.place, body, item.budgets, self.target, self.language
            ),
            MAP_NAME: described.text(),
        }
        if tiling.FLAGS_HEADER in kernel:
            files[f"op_kernel/{tiling.FLAGS_HEADER}"] = tiling.shared_header(tiling.FLAGS_HEADER)
        if body.reference:
            files[REFERENCE_NAME] = body.reference
        return {path: text if text.endswith("\n") else f"{text}\n" for path, text in files.items()}

    def _manifest(self, item: Item, spans: tuple[Span, ...]) -> Manifest:
        body = item.body
        return Manifest(
            name=body.name,
            kernel=item.kernel,
            target=self.target.name,
            arch=tiling.model_arch(self.target),
            cores=tiling.cores(self.target),
            ub_bytes=tiling.buffer_bytes(self.target),
            archetype=body.archetype,
            complete=body.is_complete,
            buffers=body.buffers,
            scalars=body.scalars,
            gaps=tuple((g.mark, g.code) for g in body.gaps),
            spans=spans,
            typical=item.typical,
        )

    def _told(self, span: Span, body: Body) -> Span:
        """The span with the findings and transfers of its CUDA lines."""
        places = body.trace.get(span.key, ())
        codes = dict.fromkeys(f.rule.code for f in self.codes.at(places))
        moved = [
            f"{one.operation} at {place_text(one.place)}"
            for place in places
            for one in self._transfers.get((place.path, place.line), ())
        ]
        return replace(span, findings=tuple(codes), transfers=tuple(dict.fromkeys(moved)))

    def __post_init__(self) -> None:
        self._transfers: dict[tuple[str, int], list[Transfer]] = {}
        for judged in self.analysis.judged:
            if isinstance(judged.subject, Transfer):
                place = judged.subject.place
                self._transfers.setdefault((place.path, place.line), []).append(judged.subject)
