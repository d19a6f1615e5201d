"""The structured skeleton: from the intent of a kernel to a body with the right pipeline and marked gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace

from jinja2 import Environment, PackageLoader, StrictUndefined

from portcheck.ascendc import tiling
from portcheck.ascendc.action_text import ActionWriter
from portcheck.ascendc.body import Body, Gap
from portcheck.ascendc.building import ROOM
from portcheck.ascendc.codes import Codes
from portcheck.ascendc.expressions import condition
from portcheck.ascendc.intent import Action, ActionKind, Intent, Phase, Pipeline
from portcheck.ascendc.lines import Sources, comment, literal, position
from portcheck.ascendc.loops import Host, Names, positive_divisors
from portcheck.ascendc.pipelines import GapField, PipelineWriter
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

_ROOM_GAP = Text(
    "the shapes of the buffers: tests give each `room_elements` elements",
    "各缓冲区的形状：测试中每个缓冲区有 `room_elements` 个元素",
)
_BODY_GAP = Text("all of the body: the analysis followed nothing in it", "整个函数体：分析未能跟踪其中内容")
_WINDOWS_GAP = Text("who maps the windows of the other ranks", "其他 rank 的窗口由谁映射")
_ARGUMENT_GAP = Text(
    "the argument `{parameter}` is neither an address nor a number: what is read of it becomes fields",
    "参数 `{parameter}` 既非地址也非数值：核函数所读内容应成为 tiling 字段",
)
_LONG_ROW_BYTES = 1 << 20  # a row that is longer than any tile
_REDUCED_BYTES, _FLAG_BYTES, _BLOCK_BYTES = 8192, 32, 32


@cache
def environment() -> Environment:
    """Templates of C++: no escaping, and nothing undefined goes unnoticed."""
    return Environment(
        loader=PackageLoader(tiling.TEMPLATES, "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def structured(intent: Intent, target: Target, codes: Codes, sources: Sources) -> Body:
    """The body of a structured skeleton for one target."""
    return _Writer(intent, target, codes, sources).body()


@dataclass(eq=False)
class _Writer:
    intent: Intent
    target: Target
    codes: Codes
    sources: Sources
    gaps: list[Gap] = field(default_factory=list)
    gap_fields: list[GapField] = field(default_factory=list)
    trace: dict[str, tuple[Place, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.common = self._common_gaps()
        self.names = Names(self.intent.fields)
        pads = tiling.has_pad(self.target)
        common = (self.codes, self.sources, environment())
        self.pipelines = PipelineWriter(self.intent, self.names, *common, pads)
        self.actions = ActionWriter(self.intent, self.target, *common)

    def body(self) -> Body:
        phases = [self._phase(number, phase) for number, phase in enumerate(self.intent.phases, 1)]
        self.gaps += self.common
        for writer in (self.pipelines, self.actions):
            self.gaps += writer.gaps
            self.gap_fields += writer.fields
            self.trace |= writer.trace
        view = self._view(phases)
        render = environment().get_template
        return Body(
            name=self.intent.name,
            archetype="",
            buffers=self.intent.buffers,
            scalars=self.intent.scalars,
            kernel=render("kernel.cpp.jinja").render(k=view),
            tiling=render("tiling.h.jinja").render(k=view),
            reference="",
            trace=self.trace,
            gaps=tuple(self.gaps),
            dropped=self.intent.dropped,
        )

    def _common_gaps(self) -> list[Gap]:
        """The gaps of the kernel as a whole; the text of the kernel lists them at its head."""
        place = self.intent.place
        found = []
        if not self.intent.phases:
            found.append(Gap("body", "", _BODY_GAP, place))
        if self.intent.buffers:
            found.append(Gap("shapes", "", _ROOM_GAP, place))
        if self.intent.windows:
            found.append(Gap("windows", self.codes.code((place,), ("COM",)), _WINDOWS_GAP, place))
        for number, parameter in enumerate(self.intent.opaque_parameters, 1):
            told = comment(parameter)
            texts = (t.replace("{parameter}", told) for t in (_ARGUMENT_GAP.en, _ARGUMENT_GAP.zh))
            found.append(Gap(f"argument-{number}", "", Text(*texts), place))
        return found

    # -- parts -------------------------------------------------------------------------

    def _phase(self, number: int, phase: Phase) -> SimpleNamespace:
        name, key = f"Phase{number}", f"phase-{number}"
        self.trace[key] = (phase.place,)
        steps = [
            self.pipelines.step(step) if isinstance(step, Pipeline) else self.actions.step(step)
            for step in _joined(phase.steps)
        ]
        title = f"Phase {number}: {position(phase.place)}"
        note = (
            [f"CUDA lets only those do it for which {comment(phase.condition)}."] if phase.condition else []
        )
        view = SimpleNamespace(
            name=name, key=f"  //@ {key}", steps=steps, title=title, comment=note,
            note=f"  // {comment(phase.condition)}" if phase.condition else "",
        )  # fmt: skip
        view.text = environment().get_template("phase.jinja").render(p=view).rstrip("\n") + "\n"
        return view

    def _view(self, phases: Sequence[SimpleNamespace]) -> SimpleNamespace:
        kinds = {s.kind for p in self.intent.phases for s in p.steps if isinstance(s, Action)}
        kinds |= {a.kind for p in self.intent.pipelines() for a in p.computed}
        loads = max((len(p.loads) for p in self.intent.pipelines()), default=0)
        stores = max((len(p.stores) for p in self.intent.pipelines()), default=0)
        reduces = {ActionKind.REDUCE_MAX, ActionKind.REDUCE_SUM, ActionKind.QUANTISE} & kinds
        flags = bool({ActionKind.PUBLISH, ActionKind.WAIT} & kinds)
        soft = not tiling.has_pad(self.target)
        fixed = _REDUCED_BYTES * bool(reduces) + _FLAG_BYTES * flags + _BLOCK_BYTES * soft
        host = Host(self.intent.fields)
        return SimpleNamespace(
            name=self.intent.name,
            cuda=comment(self.intent.function.qualified),
            place=position(self.intent.place),
            buffers=[
                SimpleNamespace(name=b.name, comment=f"{b.role.value}, {b.dtype} in CUDA: {comment(b.cuda)}")
                for b in self.intent.buffers
            ],
            scalars=self.intent.scalars,
            windows=self.intent.windows,
            flags=flags,
            reductions=bool(reduces),
            reduces_max=bool({ActionKind.REDUCE_MAX, ActionKind.QUANTISE} & reduces),
            reduces_sum=ActionKind.REDUCE_SUM in reduces,
            no_pad=soft,
            phases=phases,
            common=[
                SimpleNamespace(
                    mark=g.mark, code=f" {g.code}" if g.code else "", text=comment(g.text.en, 140)
                )
                for g in self.common
            ],
            loads=loads,
            stores=stores,
            fixed_bytes=fixed,
            buffers_per_byte=2 * (loads + stores) or 1,
            longest=_LONG_ROW_BYTES,
            burst_bytes=tiling.burst_bytes(self.target),
            checks=self._checks(host),
            fields=self._fields(),
            gap_fields=self.gap_fields,
            pieces=self.pipelines.pieces(),
            layouts=self.intent.layouts,
        )

    def _fields(self) -> list[SimpleNamespace]:
        listed = [
            SimpleNamespace(ctype=s.ctype, name=s.name, comment=f"  // {comment(s.meaning.en)}")
            for s in self.intent.scalars
        ]
        listed.append(SimpleNamespace(ctype="int64_t", name="tile_bytes", comment="  // of one buffer in UB"))
        listed += [
            SimpleNamespace(ctype="int64_t", name=g.name, comment=f"  // {g.comment}")
            for g in self.gap_fields
        ]
        return sorted(listed, key=lambda f: f.ctype == "float")

    def _checks(self, host: Host) -> list[SimpleNamespace]:
        """What the code asserts, and that nothing is divided by 0."""
        found: dict[str, SimpleNamespace] = {}
        for number, check in enumerate(self.intent.checks, 1):
            text = condition(check.condition, host.name)
            key = f"check-{number}"
            if check.place is not None:
                self.trace[key] = (check.place,)
            where = f" ({check.place.path}:{check.place.line})" if check.place is not None else ""
            message = literal(f"the CUDA code asserts {check.condition}{where}")
            mark = f"  //@ {key}" if check.place is not None else ""
            found.setdefault(text, SimpleNamespace(condition=text, message=message, key=mark))
        for divisor in positive_divisors(self.intent, self.pipelines.positive):
            text = f"{host.expression(divisor)} > 0"
            message = literal(f"{divisor} must be positive")
            found.setdefault(text, SimpleNamespace(condition=text, message=message, key=""))
        found.setdefault(
            ROOM, SimpleNamespace(condition=f"{ROOM} >= 0", message=f"{ROOM} must not be negative", key="")
        )
        return list(found.values())


def _joined(steps: Sequence[Pipeline | Action]) -> list[Pipeline | tuple[Action, ...]]:
    """Actions of one kind that stand next to each other are told together."""
    found: list[Pipeline | tuple[Action, ...]] = []
    for step in steps:
        if isinstance(step, Pipeline):
            found.append(step)
        elif found and isinstance(found[-1], tuple) and found[-1][0].kind is step.kind:
            found[-1] = (*found[-1], step)
        else:
            found.append((step,))
    return found
