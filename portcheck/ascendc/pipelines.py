"""Text of pipelines: loops, tiles, copies, and functions for what the analysis did not determine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from jinja2 import Environment

from portcheck.ascendc.body import Gap
from portcheck.ascendc.codes import MOVES, Codes
from portcheck.ascendc.intent import ActionKind, Intent, Move, Pipeline
from portcheck.ascendc.lines import Sources, comment, position
from portcheck.ascendc.loops import Loop, Names, Nest, nest
from portcheck.source.place import Place
from portcheck.symbolic.expr import Expr
from portcheck.targets.text import Text

_COMPUTE = Text("what is computed between the loads and the stores", "加载与存储之间的计算")
_ADDRESS = Text("where `{text}` stands: {why}", "`{text}` 的地址：{why}")
_WINDOW = Text("whose window `{text}` is in: {why}", "`{text}` 位于哪个 rank 的窗口：{why}")
_LENGTH = Text("how many bytes `{text}` covers: {why}", "`{text}` 覆盖的字节数：{why}")
_RANGE = Text("how often the loop of `{name}` runs", "`{name}` 的循环次数")
_CONDITION = Text("when this happens: {why}", "何时执行：{why}")
_MARKED = {
    ActionKind.REDUCE_MAX: "a maximum over the lanes of a warp: RowMax(row, count) over a tile in FP32",
    ActionKind.REDUCE_SUM: "a sum over the lanes of a warp: RowSum(row, count) over a tile in FP32",
    ActionKind.COLLECTIVE: "lanes tell each other values: one core holds the whole row, read it from UB",
    ActionKind.QUANTISE: "a quantisation: RowMax of |row|, then Muls and Cast",
    ActionKind.ACCUMULATE: "a sum in FP32: Cast to float, Add or Axpy, Cast back with CAST_RINT",
}
_TEXT_BYTES = 60
_BLOCK_BYTES = 32


@dataclass(frozen=True, slots=True)
class GapField:
    """A field of the tiling that a gap leaves open; `initial` until it is filled in."""

    name: str
    mark: str
    comment: str
    initial: int = 0


@dataclass(eq=False)
class PipelineWriter:
    """Writes the pipelines of one kernel and collects what they leave open.

    `pads`: the target has DataCopyPad, which copies any number of bytes.
    """

    intent: Intent
    names: Names
    codes: Codes
    sources: Sources
    environment: Environment
    pads: bool
    gaps: list[Gap] = field(default_factory=list)
    fields: list[GapField] = field(default_factory=list)
    trace: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    positive: list[Expr] = field(default_factory=list)
    _count: int = 0
    _pieces: set[str] = field(default_factory=set)

    def step(self, pipeline: Pipeline) -> SimpleNamespace:
        """The call and the text of one pipeline."""
        self._count += 1
        name, key = f"Pipeline{self._count}", f"pipeline-{self._count}"
        places = tuple(dict.fromkeys(m.place for m in pipeline.moves))
        self.trace[key] = (*places, *(a.place for a in pipeline.computed))
        loops = nest(pipeline, self.names)
        self.positive += loops.positive
        before = self._before(pipeline, loops)
        conditions, functions = self._open_conditions(pipeline)
        body, more = self._body(name, pipeline, loops, conditions)
        functions += more
        view = self._view(name, key, pipeline, loops)
        view.before, view.body = before, body
        text = self.environment.get_template("pipeline.jinja").render(p=view).rstrip("\n")
        return SimpleNamespace(
            call=f"        {name}();  // {view.title}", text="\n\n".join([text, *functions])
        )

    def pieces(self) -> str:
        """C++ text for how many blocks have work: the most of what pipelines split over cores."""
        text = "1"
        for count in sorted(self._pieces):
            value = count if count.startswith("platform") else f"static_cast<uint64_t>({count})"
            text = value if text == "1" else f"portcheck::Max({text}, {value})"
        return text

    # -- the piece ---------------------------------------------------------------------

    def _view(self, name: str, key: str, pipeline: Pipeline, loops: Nest) -> SimpleNamespace:
        ins = [f"in_{n}" for n in range(len(pipeline.loads))]
        outs = [f"out_{n}" for n in range(len(pipeline.stores))]
        by_blocks = all(m.by_blocks for m in pipeline.moves) and not self._shares_blocks(pipeline)
        cores = "static_cast<int64_t>(AscendC::GetBlockIdx()) * tiling_.tile_bytes"
        step = "static_cast<int64_t>(AscendC::GetBlockNum()) * tiling_.tile_bytes"
        mark = f"compute-{self._count}"
        places = [*(m.place for m in pipeline.moves), *(a.place for a in pipeline.computed)]
        code = self._compute_code(pipeline)
        self.gaps.append(Gap(mark, code, _COMPUTE, pipeline.anchor))
        inputs = [f"const LocalTensor<uint8_t> &{n}" for n in ins]
        outputs = [f"const LocalTensor<uint8_t> &{n}" for n in outs]
        ways = ", ".join(w for w in (_counted(len(ins), "load"), _counted(len(outs), "store")) if w)
        return SimpleNamespace(
            name=name,
            pads=self.pads,
            key=f"  //@ {key}",
            title=f"{position(pipeline.anchor)}: {ways}",
            comment=self._told(pipeline),
            ways=ways,
            parameters=", ".join(f"int64_t {n}_offset" for n in (*ins, *outs)) + ", int64_t length",
            first=cores if by_blocks else "0",
            step=step if by_blocks else "tiling_.tile_bytes",
            loads=[self._side(m, n) for m, n in zip(pipeline.loads, ins, strict=True)],
            stores=[self._side(m, n) for m, n in zip(pipeline.stores, outs, strict=True)],
            tensors=", ".join((*ins, *outs)),
            tensor_parameters=", ".join((*inputs, *outputs)),
            mark=mark,
            code=f" {code}" if code else "",
            gap=_COMPUTE.en,
            cuda=self.sources.quoted(places),
            compute=_computed(ins, outs, pipeline),
            repeats=_stores_again(pipeline, loops),
        )

    def _side(self, move: Move, name: str) -> SimpleNamespace:
        key = f"move-{self._count}-{name.replace('_', '-')}"
        self.trace[key] = (move.place,)
        tensor = f"{move.buffer}_" if move.buffer else f"{_foreign(self._tag(name))}()"
        return SimpleNamespace(name=name, tensor=tensor, offset=f"{name}_offset", key=f"  //@ {key}")

    def _tag(self, name: str) -> str:
        return f"{self._count}_{name}"

    def _told(self, pipeline: Pipeline) -> list[str]:
        lines = []
        for move in pipeline.moves:
            to = "from" if move.way == "load" else "to"
            where = (
                f"{move.buffer} + {move.offset}" if move.offset is not None else "an address that is a gap"
            )
            length = f"{move.length} bytes" if move.length is not None else "a length that is a gap"
            lines.append(comment(f"{move.way} {to} {where}, {length}"))
            if move.scattered:
                lines.append("one element at a time in CUDA: a copy each here, which is slow")
        return lines

    def _compute_code(self, pipeline: Pipeline) -> str:
        for action in pipeline.computed:
            code = self.codes.of_action(action.kind, action.place)
            if code:
                return code
        return self.codes.code((m.place for m in pipeline.moves), MOVES)

    # -- the loops ---------------------------------------------------------------------

    def _before(self, pipeline: Pipeline, loops: Nest) -> list[str]:
        """What is asked once before the loops: are the addresses known, and does this core take part?"""
        lines: list[str] = []
        split = any(loop.over_cores for loop in loops.loops)
        by_blocks = all(m.by_blocks for m in pipeline.moves)
        if self._shares_blocks(pipeline):
            lines.append("if (AscendC::GetBlockIdx() != 0) {")
            lines.append(
                "    return;  // rows may share blocks of 32 bytes, which only DataCopyPad writes in part"
            )
            lines.append("}")
        elif pipeline.stores and not split and not by_blocks:
            lines.append("if (AscendC::GetBlockIdx() != 0) {")
            known = all(m.offset is not None for m in pipeline.stores)
            why = "every block of CUDA stores the same bytes" if known else "who stores where is a gap"
            lines.append(f"    return;  // {why}: one core does it")
            lines.append("}")
        for loop in loops.loops:
            if loop.over_cores:
                self._pieces.add(self.intent.fields[f"gridDim.{loop.symbol.name[-1]}"])
        if by_blocks:
            self._pieces.add("platform.vector_cores")
        return lines

    def _shares_blocks(self, pipeline: Pipeline) -> bool:
        """Whether two pieces may store to one block of UB's size on a target that writes whole blocks:
        then one core does it all."""
        return not self.pads and not all(
            _is_whole(move.offset) and _is_whole(move.length) for move in pipeline.stores
        )

    def _open_conditions(self, pipeline: Pipeline) -> tuple[list[str], list[str]]:
        listed = list(dict.fromkeys(c for m in pipeline.moves for c in m.open_conditions))
        if not listed:
            return [], []
        mark, name = f"condition-{self._count}", f"Happens{self._count}"
        field_name = f"happens_{self._count}"
        why = "; ".join(comment(c, _TEXT_BYTES) for c in listed)
        text = _filled(_CONDITION, why=why)
        function = self._gap(mark, name, field_name, text, "1 where it happens", pipeline.moves)
        return [f"{name}() == 0"], [function]

    def _body(
        self, name: str, pipeline: Pipeline, loops: Nest, conditions: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        functions: list[str] = []
        lines: list[str] = []
        depth = 0
        unknown = self._unknown(pipeline)
        if unknown:
            lines += [f"if ({' || '.join(unknown)}) {{", "    return;  // an address is not known yet", "}"]
        for loop in loops.loops:
            header, function = self._header(loop, pipeline)
            functions += function
            lines.append("    " * depth + header)
            depth += 1
        for guard in [*(f"!({g})" for g in loops.guards), *conditions]:
            leave = "continue" if depth else "return"
            lines += [
                f"{'    ' * depth}if ({guard}) {{",
                f"{'    ' * depth}    {leave};",
                f"{'    ' * depth}}}",
            ]
        indent = "    " * depth
        for move, side in zip(pipeline.moves, _sides(pipeline), strict=True):
            text, function = self._address(move, side)
            lines.append(f"{indent}const int64_t {side}_offset = {text};")
            functions += function
        length, function = self._length(pipeline)
        functions += function
        lines.append(f"{indent}const int64_t length = {length};")
        sides = ", ".join(f"{side}_offset" for side in _sides(pipeline))
        lines.append(f"{indent}{name}Piece({sides}, length);")
        lines += [f"{'    ' * (depth - level - 1)}}}" for level in range(depth)]
        return lines, functions

    def _header(self, loop: Loop, pipeline: Pipeline) -> tuple[str, list[str]]:
        if loop.over_cores and not self._shares_blocks(pipeline):
            start, step = "AscendC::GetBlockIdx()", f"{loop.variable} += AscendC::GetBlockNum()"
            return f"for (int64_t {loop.variable} = {start}; {loop.limit}; {step}) {{", []
        functions = []
        limit = loop.limit
        if not limit:
            mark = f"range-{self._count}-{loop.variable}".replace("_", "-")
            field_name = f"count_{self._count}_{loop.variable}"
            text = _filled(_RANGE, name=loop.symbol.name)
            function = f"Count{self._count}{loop.variable.title().replace('_', '')}"
            functions = [self._gap(mark, function, field_name, text, "iterations", pipeline.moves)]
            limit = f"{loop.variable} < {function}()"
        return f"for (int64_t {loop.variable} = 0; {limit}; ++{loop.variable}) {{", functions

    def _address(self, move: Move, side: str) -> tuple[str, list[str]]:
        """C++ text of an offset, and the functions for what of it is a gap."""
        tag = self._tag(side)
        functions = []
        text = "0" if not move.buffer else ""
        if move.offset is not None:
            text = self.names.expression(move.offset)
        elif move.buffer:
            name, mark = f"Address{_camel(tag)}", _mark("address", tag)
            unit = "bytes from the start of the buffer"
            functions.append(
                self._gap(mark, name, f"address_{tag}_bytes", _address_text(move), unit, (move,))
            )
            text = f"{name}()"
        if not move.buffer:
            functions.append(self._foreign(move, tag))
        elif move.buffer in self.intent.windows:
            mark = _mark("window", tag)
            told = _filled(_WINDOW, text=comment(move.text, _TEXT_BYTES), why=comment(move.why))
            unit = "the rank whose window it is, -1 for not known"
            functions.append(self._gap(mark, _window(tag), f"window_{tag}", told, unit, (move,), initial=-1))
            text = f"WindowBytes({_window(tag)}()) + {text}"
        return text, functions

    def _unknown(self, pipeline: Pipeline) -> list[str]:
        """Conditions under which an address is not known yet, so that nothing moves."""
        found = []
        for move, side in zip(pipeline.moves, _sides(pipeline), strict=True):
            tag = self._tag(side)
            if not move.buffer:
                found.append(f"tiling_.{_base_field(tag)} == 0")
            elif move.buffer in self.intent.windows:
                found.append(f"{_window(tag)}() < 0")
        return found

    def _foreign(self, move: Move, tag: str) -> str:
        """A function for a tensor that starts at an address that is no argument of the kernel."""
        told, mark = _address_text(move), _mark("base", tag)
        unit = "an address in GM, 0 for not known"
        return self._gap(mark, _foreign(tag), _base_field(tag), told, unit, (move,), template="foreign.jinja")

    def _length(self, pipeline: Pipeline) -> tuple[str, list[str]]:
        unknown = [m for m in pipeline.moves if m.offset is None and m.buffer]
        first = pipeline.moves[0]
        if first.length is not None and not unknown:
            return self.names.expression(first.length), []
        tag = str(self._count)
        why = first.why or "an address is not known"
        text = _filled(_LENGTH, text=comment(first.text, _TEXT_BYTES), why=comment(why))
        if first.length is not None:
            text = Text(f"{text.en}; in CUDA {first.length}", f"{text.zh}；CUDA 中为 {first.length}")
        mark, name = f"length-{tag}", f"Length{tag}"
        function = self._gap(
            mark, name, f"length_{tag}_bytes", text, "bytes; nothing moves at 0", pipeline.moves
        )
        return f"{name}()", [function]

    def _gap(
        self,
        mark: str,
        name: str,
        field_name: str,
        text: Text,
        unit: str,
        moves: Iterable[Move],
        *,
        template: str = "address.jinja",
        initial: int = 0,
    ) -> str:
        """A function for what is not determined, with its field."""
        places = [m.place for m in moves]
        code = self.codes.code(places, MOVES)
        self.gaps.append(Gap(mark, code, text, places[0]))
        self.fields.append(GapField(field_name, mark, unit, initial))
        self.trace[mark] = tuple(dict.fromkeys(places))
        view = SimpleNamespace(
            mark=mark,
            code=f" {code}" if code else "",
            gap=comment(text.en, 200),
            cuda=self.sources.quoted(places),
            name=name,
            key=f"  //@ {mark}",
            field=field_name,
        )
        return self.environment.get_template(template).render(p=view).rstrip("\n")


def _computed(ins: Sequence[str], outs: Sequence[str], pipeline: Pipeline) -> list[str]:
    """The body that stands until the gap is filled: a copy of one tile to one tile, else zeros."""
    lines = [f"// {position(a.place)}: {_MARKED[a.kind]}" for a in pipeline.computed]
    whole = "static_cast<uint32_t>(FloorDivide(bytes + BLOCK_BYTES - 1, BLOCK_BYTES) * BLOCK_BYTES)"
    if len(ins) == len(outs) == 1:
        return [
            *lines,
            "// Until then the tile goes through as it is.",
            f"DataCopy({outs[0]}, {ins[0]}, {whole});",
        ]
    if outs:
        lines.append("// Until then zeros stand for the results.")
        lines.append(
            "const int32_t halves = static_cast<int32_t>(FloorDivide(bytes + BLOCK_BYTES - 1, BLOCK_BYTES)"
            " * BLOCK_BYTES / 2);"
        )
        lines += [
            f"Duplicate({n}.ReinterpretCast<int16_t>(), static_cast<int16_t>(0), halves);" for n in outs
        ]
    else:
        lines.append("(void)bytes;")
    return [*lines, *(f"(void){n};" for n in ins)]


def _sides(pipeline: Pipeline) -> list[str]:
    """The names of the tiles, loads first."""
    loads = [f"in_{n}" for n in range(len(pipeline.loads))]
    return [*loads, *(f"out_{n}" for n in range(len(pipeline.stores)))]


def _stores_again(pipeline: Pipeline, loops: Nest) -> bool:
    """Whether two pieces of one core may store to the same bytes."""
    return any(
        move.offset is None or any(loop.symbol not in move.offset.symbols() for loop in loops.loops)
        for move in pipeline.stores
    )


def _is_whole(expr: Expr | None) -> bool:
    """Whether an expression is a multiple of a block's 32 bytes whatever its symbols are."""
    return expr is not None and all(
        c % _BLOCK_BYTES == 0 for c in (expr.constant, *(c for _, c in expr.terms))
    )


def _address_text(move: Move) -> Text:
    return _filled(_ADDRESS, text=comment(move.text, _TEXT_BYTES), why=comment(move.why or "not followed"))


def _camel(tag: str) -> str:
    return "".join(part.title() for part in tag.split("_"))


def _mark(word: str, tag: str) -> str:
    return f"{word}-{tag.replace('_', '-')}"


def _foreign(tag: str) -> str:
    return f"Foreign{_camel(tag)}"


def _base_field(tag: str) -> str:
    return f"base_{tag}"


def _window(tag: str) -> str:
    return f"Window{_camel(tag)}"


def _counted(number: int, noun: str) -> str:
    return "" if not number else f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _filled(template: Text, **fields: str) -> Text:
    return Text(template.en.format(**fields), template.zh.format(**fields))
