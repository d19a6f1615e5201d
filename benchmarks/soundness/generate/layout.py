"""Layouts of shared and global memory: pointers, cursors, buffers, stages, functors."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.soundness.generate.writer import Ptr, Var, Writer

BUFFER = """template <typename dtype_t>
struct Buffer {
    uint8_t* ptr;
    int total_bytes;

    __device__ __forceinline__ Buffer() : ptr(nullptr), total_bytes(0) {}

    __device__ __forceinline__ Buffer(void*& gbl_ptr, int num_elems, int offset = 0) {
        total_bytes = num_elems * static_cast<int>(sizeof(dtype_t));
        ptr = reinterpret_cast<uint8_t*>(gbl_ptr) + offset * static_cast<int>(sizeof(dtype_t));
        gbl_ptr = reinterpret_cast<uint8_t*>(gbl_ptr) + @ADVANCE@;
    }

    __device__ __forceinline__ dtype_t* buffer() const { return reinterpret_cast<dtype_t*>(ptr); }

    __device__ __forceinline__ dtype_t* row(int i, int width) const { return buffer() + i * width; }
};"""
VISITOR = """template <typename func_t>
struct PatternVisitor {
    func_t func;

    __device__ explicit PatternVisitor(func_t&& func) : func(std::forward<func_t>(func)) {}

    __device__ auto operator[](const uint32_t& i) { return func(i); }
};"""
ELEMENTS = (("uint8_t", 1), ("int4", 16), ("float", 4), ("uint64_t", 8), ("__nv_bfloat16", 2), ("int", 4))


def _count(w: Writer, size: int) -> str:
    """How many elements: an expression that is not below zero and not too large."""
    var = w.pick(lambda v: v.type == "int" and not v.negative and v.high * size < 1 << 24)
    if var is None or w.chance(0.35):
        if w.constants and w.chance(0.6):
            return w.rng.choice(w.constants).factor
        return str(w.rng.choice((1, 2, 3, 4, 8, 16, 31, 32, 64, 100, 256)))
    return w.rng.choice((var.name, var.name, f"({var.name} + 31) / 32", f"{var.name} * 2"))


def _home(w: Writer) -> str:
    choices = ["smem"] * 3 if w.shared else []
    choices += [p.name for p in w.visible_pointers() if p.element == "uint8_t"]
    return w.rng.choice(choices) if choices else ""


def _ask(w: Writer, pointer: str) -> None:
    w.probe(pointer)


def pointer(w: Writer) -> None:
    """A pointer into shared memory, of some type, some elements further."""
    home = _home(w)
    if not home:
        return
    rng = w.rng
    element, size = rng.choice(ELEMENTS)
    name = w.fresh("ptr")
    first = _count(w, 1)
    w.line(
        f"auto {name} = reinterpret_cast<{element}*>({home} + {first});"
        if w.chance(0.6)
        else f"{element}* {name} = reinterpret_cast<{element}*>({home}) + {first};"
    )
    w.add_pointer(Ptr(name, element, True))
    more = _count(w, size)
    if w.chance(0.3):
        w.line(f"{name} += {more};")
        more = "1"
    if w.chance(0.4):
        _ask(w, f"{name} + {more}")
    if w.chance(0.3):
        _ask(w, f"&{name}[{more}]")
    if w.chance(0.35) and home == "smem":
        w.probe(f"reinterpret_cast<uint8_t*>({name} + {more}) - smem")
    elif w.chance(0.3) and home == "smem":
        w.probe(f"reinterpret_cast<uint64_t>({name})")
    else:
        _ask(w, name)


def walking(w: Writer) -> None:
    """A pointer that a loop advances."""
    home = _home(w)
    if not home:
        return
    rng = w.rng
    name, i = w.fresh("cursor"), w.fresh("i")
    element, size = rng.choice(ELEMENTS)
    w.line(f"auto {name} = reinterpret_cast<{element}*>({home});")
    small = w.pick(lambda v: v.type == "int" and v.high <= 100)
    bound = small.name if small and w.chance(0.6) else str(rng.choice((2, 3, 5)))
    with w.block(f"for (int {i} = 0; {i} < {bound}; ++{i})"):
        w.add(Var(i, "int", 100, False, False, True))
        w.in_loop += 1
        if w.chance(0.25):
            w.line(f"if ({w.condition()})")
            w.line("    continue;")
        if w.chance(0.7):
            _ask(w, name)
        step = rng.choice((_count(w, size), str(32 // size or 2), "4"))
        if w.chance(0.3):
            w.line(f"if ({w.condition()})")
            w.line(f"    {name} += {step};")
        else:
            w.line(f"{name} += {step};")
        if w.chance(0.3):
            _ask(w, f"{name} + {i}")
        w.in_loop -= 1
    _ask(w, name)


def stages(w: Writer) -> None:
    """A lambda that returns the address of a stage, perhaps through a functor."""
    if not w.shared:
        return
    rng = w.rng
    name = w.fresh("stage")
    bytes_ = _count(w, 1)
    if w.chance(0.4):
        size = w.fresh("stage_bytes")
        w.line(f"const int {size} = {bytes_} * {rng.choice((1, 2, 16, 32))};")
        bytes_ = size
    head = rng.choice((0, 16, 32, 64))
    kind = rng.choice(("int i", "int i", "const int& i", "auto i"))
    inner = rng.choice(
        (
            f"smem + i * {bytes_}",
            f"smem + {head} + i * ({bytes_} + {rng.choice((16, 32))})",
            f"reinterpret_cast<int4*>(smem) + i * {bytes_}",
            f"reinterpret_cast<uint64_t*>(smem + {bytes_} * 4) + i",
        )
    )
    capture = rng.choice(("=", "=", "&"))
    lam = f"[{capture}]({kind}) {{ return {inner}; }}"
    index = w.pick(lambda v: v.type == "int" and not v.negative and v.high <= 2048)
    at = index.name if index and w.chance(0.7) else str(rng.randrange(4))
    if "auto" not in kind and w.chance(0.4):
        if VISITOR not in w.top:
            w.top.append(VISITOR)
        w.line(f"auto {name} = PatternVisitor({lam});")
        if "(int i)" in lam or "int&" in lam:
            _ask(w, f"{name}[{at}]")
        return
    w.line(f"auto {name} = {lam};")
    if w.chance(0.3):
        outer = w.fresh("slot")
        w.line(f"auto {outer} = [=](int j) {{ return {name}(j) + {rng.choice(('1', 'j', '2'))}; }};")
        _ask(w, f"{outer}({at})")
    _ask(w, f"{name}({at})")


def buffers(w: Writer) -> None:
    """Buffers cut from one pointer by a class whose constructor moves it on."""
    home = _home(w)
    if not home:
        return
    rng = w.rng
    if not any("struct Buffer" in t for t in w.top):
        w.top.append(
            BUFFER.replace(
                "@ADVANCE@", rng.choice(("total_bytes", "total_bytes", "(total_bytes + 31) / 32 * 32"))
            )
        )
    cursor = w.fresh("base")
    w.line(f"void* {cursor} = {home};")
    for _ in range(rng.choice((1, 2, 3))):
        element, size = rng.choice(ELEMENTS)
        name = w.fresh("buffer")
        count = _count(w, size)
        extra = f", {rng.choice(('1', '2', count))}" if w.chance(0.25) else ""
        if w.chance(0.3):
            with w.block(f"if ({w.condition()})"):
                w.line(f"Buffer<{element}> {name}({cursor}, {count});")
                _ask(w, f"{name}.buffer()")
            continue
        w.line(
            rng.choice(
                (
                    f"Buffer<{element}> {name}({cursor}, {count}{extra});",
                    f"auto {name} = Buffer<{element}>({cursor}, {count}{extra});",
                )
            )
        )
        if w.chance(0.6):
            _ask(w, f"{name}.buffer()")
        elif w.chance(0.5):
            _ask(w, f"{name}.row({rng.choice(('1', '3'))}, {count})")
        else:
            w.probe(f"{name}.total_bytes")
    _ask(w, cursor)


def buffer_array(w: Writer) -> None:
    """An array of buffers filled by a loop and indexed by another."""
    home = _home(w)
    if not home:
        return
    rng = w.rng
    if not any("struct Buffer" in t for t in w.top):
        w.top.append(BUFFER.replace("@ADVANCE@", "total_bytes"))
    cursor, name, i, j = w.fresh("base"), w.fresh("rings"), w.fresh("i"), w.fresh("j")
    element, size = rng.choice(ELEMENTS)
    count = rng.choice((2, 3, 4))
    w.line(f"void* {cursor} = {home} + {rng.choice((0, 32, 16, 64))};")
    w.line(f"Buffer<{element}> {name}[{count}];")
    elems = _count(w, size)
    each = rng.choice((elems, elems, f"{elems} + {i}", str(64 // size)))
    w.line(f"for (int {i} = 0; {i} < {count}; ++{i})")
    w.line(f"    {name}[{i}] = Buffer<{element}>({cursor}, {each});")
    with w.block(f"for (int {j} = 0; {j} < {count}; ++{j})"):
        _ask(w, f"{name}[{j}].buffer()")
    index = w.pick(lambda v: v.type == "int" and not v.negative)
    if index is not None:
        _ask(w, f"{name}[{index.name} % {count}].buffer()")
    _ask(w, cursor)


def pointer_array(w: Writer) -> None:
    if not w.shared:
        return
    rng = w.rng
    name, i = w.fresh("parts"), w.fresh("i")
    count = rng.choice((2, 3, 4))
    step = _count(w, 1)
    w.line(f"uint8_t* {name}[{count}];")
    w.line(f"for (int {i} = 0; {i} < {count}; ++{i})")
    w.line(f"    {name}[{i}] = smem + {i} * {step} * {rng.choice((1, 16, 32))};")
    if w.chance(0.4):
        w.line(f"{name}[{rng.randrange(count)}] += {rng.choice((8, 16, 32))};")
    index = w.pick(lambda v: v.type == "int" and not v.negative)
    _ask(w, f"{name}[{index.name} % {count}]" if index else f"{name}[1]")


def layout_struct(w: Writer) -> None:
    """A struct that knows where things lie; nested in another one."""
    if not w.shared:
        return
    rng = w.rng
    w.serial += 1
    inner, outer = f"Slot{w.serial}", f"Layout{w.serial}"
    pad = rng.choice((16, 32, 8, 64))
    static = rng.choice(("", f"    static constexpr int kHeader = {rng.choice((16, 32, 48))};\n"))
    header = "kHeader" if static else str(rng.choice((0, 16, 32)))
    w.top.append(
        f"template <int kBytes>\nstruct {inner} {{\n{static}    uint8_t* base;\n\n"
        f"    __device__ explicit {inner}(uint8_t* base_ptr) : base(base_ptr) {{}}\n"
        f"    __device__ uint8_t* data() const {{ return base + {header}; }}\n"
        f"    __device__ static constexpr int bytes() {{ return kBytes + {header}; }}\n}};"
    )
    param = rng.choice(("kHidden", "kWidth"))
    slot = f"{inner}<{param}>"
    w.top.append(
        f"template <int {param}, int kSlots = {rng.choice((2, 3, 4))}>\nstruct {outer} {{\n"
        "    uint8_t* start;\n    int shift;\n\n"
        f"    __device__ {outer}(uint8_t* ptr, int offset) : start(ptr + offset), shift(offset) {{}}\n"
        f"    __device__ {slot} slot(int i) const {{ return {slot}(start + i * {slot}::bytes()); }}\n"
        f"    __device__ uint8_t* tail() const {{ return start + kSlots * {slot}::bytes() + {pad}; }}\n}};"
    )
    name = w.fresh("layout")
    width = rng.choice([c.text for c in w.constants if c.text.startswith("kHidden")] or ["96", "64", "128"])
    given = f"<{width}>" if w.chance(0.6) else f"<{width}, {rng.choice((1, 2, 5))}>"
    w.line(f"{outer}{given} {name}(smem, {_count(w, 1)});")
    index = w.pick(lambda v: v.type == "int" and not v.negative and v.high <= 2048)
    at = index.name if index and w.chance(0.6) else "2"
    _ask(w, f"{name}.slot({at}).data()")
    if w.chance(0.6):
        _ask(w, f"{name}.tail()")
    if w.chance(0.3):
        w.probe(f"{name}.shift")


def moved_pointer(w: Writer) -> None:
    """A pointer that a function moves, or that one branch replaces."""
    if not w.shared:
        return
    rng = w.rng
    name = w.fresh("at")
    w.line(f"uint8_t* {name} = smem + {rng.choice(('0', '32', _count(w, 1)))};")
    if w.chance(0.5):
        function = f"take_{w.serial}"
        by = rng.choice(("bytes", "(bytes + 15) / 16 * 16", "(bytes + 31) & ~31"))
        w.top.append(
            f"__device__ __forceinline__ uint8_t* {function}(uint8_t*& ptr, int bytes) {{\n"
            f"    auto taken = ptr;\n    ptr += {by};\n    return taken;\n}}"
        )
        one, two = w.fresh("first"), w.fresh("second")
        w.line(f"auto {one} = {function}({name}, {_count(w, 1)});")
        w.line(f"auto {two} = reinterpret_cast<float*>({function}({name}, {_count(w, 1)}));")
        _ask(w, rng.choice((one, two)))
        _ask(w, f"{two} + {rng.choice(('1', '8', _count(w, 4)))}")
    else:
        with w.block(f"if ({w.condition()})"):
            w.line(f"{name} += {_count(w, 1)};")
        if w.chance(0.4):
            with w.block("while (" + f"({name} - smem) % 32 != 0)"):
                w.line(f"++{name};")
    w.add_pointer(Ptr(name, "uint8_t", True))
    _ask(w, name)


def ternary_pointer(w: Writer) -> None:
    if not w.shared:
        return
    name = w.fresh("either")
    w.line(f"auto {name} = {w.condition()} ? smem + {_count(w, 1)} : smem + {_count(w, 1)};")
    w.add_pointer(Ptr(name, "uint8_t", True))
    _ask(w, name if w.chance(0.6) else f"{name} + {_count(w, 1)}")


def stored(w: Writer) -> None:
    """A vector copied, as kernels do; the address is what is asked about."""
    if not w.shared:
        return
    name, i = w.fresh("vec"), w.fresh("i")
    count = w.pick(lambda v: v.type == "int" and not v.negative)
    lane = "lane_id" if any(v.name == "lane_id" for v in w.visible()) else "0"
    w.line(f"auto {name} = reinterpret_cast<int4*>(smem + {w.rng.choice((0, 16, 64))});")
    with w.block(f"for (int {i} = {lane}; {i} < {count.name if count else '40'}; {i} += 32)"):
        w.add(Var(i, "int", 17000, False, False, True))
        w.in_loop += 1
        _ask(w, f"{name} + {i}")
        w.line(f"{name}[{i}] = {name}[{i} % 8];")
        w.in_loop -= 1


LAYOUT: list[tuple[Callable[[Writer], None], int]] = [
    (pointer, 5),
    (walking, 3),
    (stages, 4),
    (buffers, 4),
    (buffer_array, 3),
    (pointer_array, 2),
    (layout_struct, 2),
    (moved_pointer, 3),
    (ternary_pointer, 2),
    (stored, 1),
]
