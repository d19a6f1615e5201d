"""Text of what is no movement: barriers, flags, counters, reductions, operations on other ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

from jinja2 import Environment

from portcheck.ascendc.body import Gap
from portcheck.ascendc.codes import Codes
from portcheck.ascendc.intent import Action, ActionKind, Intent
from portcheck.ascendc.lines import Sources, position
from portcheck.ascendc.pipelines import GapField
from portcheck.source.place import Place
from portcheck.targets import Target
from portcheck.targets.text import Text

# What needs nothing in Ascend C, and why.
_NOTHING: Mapping[ActionKind, str] = {
    ActionKind.BARRIER: "a barrier of a block or warp: one core issues its commands in order",
    ActionKind.MBARRIER: "an mbarrier: EnQue and DeQue of the queues wait for the copies",
    ActionKind.COPY_WAIT: "waits for asynchronous copies: EnQue, DeQue and FreeTensor of the queues do it",
}
_GAPS: Mapping[ActionKind, tuple[str, Text]] = {
    ActionKind.NAMED_BARRIER: (
        "barrier",
        Text(
            "a barrier among some warps has no equal: the roles run one after the other on each core, so "
            "nothing waits here; where they must overlap, give each a range of cores and flags between them",
            "部分 warp 之间的屏障无对应：各角色在每个核上依次运行，此处无需等待；若须重叠，应给各角色划分"
            "核范围并以标志同步",
        ),
    ),
    ActionKind.COUNTER: (
        "counter",
        Text(
            "a counter that threads add to: there is no fetch-and-add on GM; count privately in UB and merge "
            "the counts by SetAtomicAdd on a copy, or compute the slots beforehand as a prefix sum",
            "线程累加的计数器：GM 上没有取值加法；在 UB 中各自计数，再以 SetAtomicAdd 拷贝合并，"
            "或预先以前缀和算出槽位",
        ),
    ),
    ActionKind.ACCESS: (
        "access",
        Text("an access that the analysis did not come to", "分析未能到达的访存"),
    ),
    ActionKind.REMOTE: (
        "remote",
        Text(
            "an operation of a communication library: a copy to the window of the rank, a flag behind it",
            "通信库操作：改为向该 rank 窗口拷贝，其后写标志",
        ),
    ),
    ActionKind.GRID_BARRIER: (
        "grid-barrier",
        Text(
            "a barrier of all blocks: SyncAll without arguments does not exist on this target, the soft form "
            "needs a workspace in GM",
            "全部块的屏障：该目标没有无参数的 SyncAll，软同步需要 GM 工作区",
        ),
    ),
    ActionKind.COLLECTIVE: (
        "collective",
        Text("lanes tell each other values: one core holds them all", "lane 之间交换数值：由一个核全部持有"),
    ),
    ActionKind.REDUCE_MAX: (
        "reduction", Text("a maximum over lanes: RowMax over a tile", "lane 间求最大值：用 RowMax"),
    ),
    ActionKind.REDUCE_SUM: (
        "reduction", Text("a sum over lanes: RowSum over a tile in UB", "lane 间求和：用 RowSum"),
    ),
    ActionKind.QUANTISE: (
        "quantise", Text("a quantisation of values that no move of GM feeds", "对并非直接来自 GM 的数值量化"),
    ),
    ActionKind.ACCUMULATE: (
        "accumulate", Text("a sum of values that no move of GM feeds", "对并非直接来自 GM 的数值求和"),
    ),
}  # fmt: skip
_FLAG = Text(
    "the address of the flag's line of 32 bytes, and its number: {text}",
    "标志所在 32 字节行的地址与数值：{text}",
)


@dataclass(eq=False)
class ActionWriter:
    """Writes the actions of one kernel and collects what they leave open."""

    intent: Intent
    target: Target
    codes: Codes
    sources: Sources
    environment: Environment
    gaps: list[Gap] = field(default_factory=list)
    fields: list[GapField] = field(default_factory=list)
    trace: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def step(self, actions: tuple[Action, ...]) -> SimpleNamespace:
        """The lines in the phase and the function, "" for none, of actions of one kind."""
        kind = actions[0].kind
        if kind in _NOTHING:
            where = ", ".join(dict.fromkeys(position(a.place) for a in actions))
            return SimpleNamespace(call=f"        // {_shortened(where)}: {_NOTHING[kind]}.", text="")
        if kind is ActionKind.FENCE:
            key = self._key("fence", actions)
            return SimpleNamespace(
                call=f"        PipeBarrier<PIPE_ALL>();  // a fence in CUDA  //@ {key}", text=""
            )
        if kind is ActionKind.GRID_BARRIER and self.target.flag("sync_all_hard"):
            key = self._key("sync", actions)
            return SimpleNamespace(
                call=f"        AscendC::SyncAll<true>();  // all blocks of CUDA meet  //@ {key}", text=""
            )
        if kind in (ActionKind.PUBLISH, ActionKind.WAIT):
            return self._flag(actions)
        return self._gap(actions)

    def _gap(self, actions: tuple[Action, ...]) -> SimpleNamespace:
        word, text = _GAPS[actions[0].kind]
        mark, code = self._mark(word), self.codes.of_action(actions[0].kind, actions[0].place)
        self.gaps.append(Gap(mark, code, text, actions[0].place))
        lines = [f"        // PORTCHECK-GAP({mark}){f' {code}' if code else ''}: {text.en}"]
        lines += [f"        //   {line}" for line in self.sources.quoted(a.place for a in actions)]
        return SimpleNamespace(call="\n".join(lines), text="")

    def _flag(self, actions: tuple[Action, ...]) -> SimpleNamespace:
        publishes = actions[0].kind is ActionKind.PUBLISH
        mark = self._mark("flag")
        code = self.codes.of_action(actions[0].kind, actions[0].place)
        number = mark.removeprefix("flag-")
        name, field_name = f"{'Publish' if publishes else 'Await'}{number}", f"flag_{number}"
        text = Text(*(t.format(text=actions[0].text) for t in (_FLAG.en, _FLAG.zh)))
        self.gaps.append(Gap(mark, code, text, actions[0].place))
        self.trace[mark] = tuple(dict.fromkeys(a.place for a in actions))
        self.fields += [
            GapField(f"{field_name}_known", mark, "1 where address and number are known"),
            GapField(f"{field_name}_address", mark, "of the line in GM"),
            GapField(f"{field_name}_number", mark, "what the flag is set to, or waited for"),
        ]
        view = SimpleNamespace(
            mark=mark, code=f" {code}" if code else "", cuda=self.sources.quoted(a.place for a in actions),
            gap="the address of the flag's line of 32 bytes, and its number", name=name, field=field_name,
            publishes=publishes, key=f"  //@ {mark}",
        )  # fmt: skip
        function = self.environment.get_template("flag.jinja").render(p=view).rstrip("\n")
        return SimpleNamespace(call=f"        {name}();  // {position(actions[0].place)}", text=function)

    def _mark(self, word: str) -> str:
        self._counts[word] = self._counts.get(word, 0) + 1
        return f"{word}-{self._counts[word]}"

    def _key(self, word: str, actions: tuple[Action, ...]) -> str:
        key = self._mark(word)
        self.trace[key] = tuple(dict.fromkeys(a.place for a in actions))
        return key


def _shortened(text: str, width: int = 60) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
