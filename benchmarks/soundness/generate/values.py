"""Values that change under several names: references, pointers to locals, lambdas, memory, structs."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.soundness.generate.writer import Num, Var, Writer


def arithmetic(w: Writer) -> None:
    num = w.value(3)
    if w.chance(0.4):
        w.probe(num.text)
    else:
        var = w.local("x", num)
        w.probe(f"{var.name} * {w.rng.choice((16, 32, 4))}" if var.high < 1 << 24 else var.name)


def size(w: Writer) -> None:
    var = w.local(w.rng.choice(("num_bytes", "hidden_bytes", "stride", "offset")), w.offset())
    w.probe(var.name if w.chance(0.5) else f"{var.name} + {w.scaled().factor}")


def rounded(w: Writer) -> None:
    var = w.local("aligned", w.rounded(w.offset()))
    w.probe(var.name)


def negative(w: Writer) -> None:
    """Division and remainder of what may be below zero."""
    rng = w.rng
    a = w.atom()
    low = rng.choice((1, 32, 40, 100, 1000))
    base = f"({a.factor} - {low})"
    m = rng.choice((32, 32, 16, 64))
    text = rng.choice(
        (
            f"{base} % {m}",
            f"{base} / {m} * {m}",
            f"({base} & {m - 1})",
            f"({base} >> {m.bit_length() - 1}) * {m}",
            f"{base} - {base} % {m}",
            f"({base} % {m} + {m}) % {m}",
            f"({base} & ~{m - 1})",
            f"-{base} / {m}",
            f"{base} / -{m} * {m}",
            f"{base} % -{m}",
        )
    )
    var = w.local("signed_part", Num(text, a.high + 2000, True), mutable=True)
    w.probe(var.name)
    if w.chance(0.5):
        w.line(f"DEVICE_ASSERT({var.name} {rng.choice(('==', '>=', '<='))} 0);")
        w.probe(f"{a.factor} - {low}" if w.chance(0.5) else f"{a.factor} + {m - low % m}")


def parameter_changed(w: Writer) -> None:
    """A parameter that is not what it was at the start."""
    var = w.pick(lambda v: v.mutable and v.type == "int" and v.high < 1 << 24)
    if var is None:
        return
    change = w.rng.choice(
        (
            f"{var.name} += {w.rng.choice((1, 8, 16, 32))};",
            f"{var.name} = ({var.name} + 31) / 32 * 32;",
            f"{var.name} *= {w.rng.choice((2, 16, 32))};",
            f"{var.name} = {var.name} / 32;",
            f"{var.name} <<= 2;",
            f"{var.name} &= ~15;",
            f"{var.name} -= {var.name} % 32;",
            f"{var.name}--;",
        )
    )
    if w.in_loop and ("*=" in change or "<<=" in change):
        return
    if w.chance(0.3):
        w.line(f"if ({w.condition()})")
        w.line(f"    {change}")
    else:
        w.line(change)
    var.high = var.high * 32 + 64
    var.negative |= "--" in change
    w.probe(var.name)


def lambda_changes(w: Writer) -> None:
    """A variable that a lambda changes by reference, or that it captured before a change."""
    rng = w.rng
    var = w.local("acc", w.scaled(), mutable=True)
    name = w.fresh("fn")
    step = rng.choice((16, 32, 8, 64))
    way = rng.randrange(4)
    if way == 0:
        w.line(f"auto {name} = [&]() {{ {var.name} += {step}; }};")
        for _ in range(rng.choice((1, 2, 2, 3))):
            w.line(f"{name}();")
        w.probe(var.name)
    elif way == 1:
        w.line(f"auto {name} = [{rng.choice(('=', var.name))}](int i) {{ return {var.name} + i * {step}; }};")
        w.line(f"{var.name} += {rng.choice((8, 16, 32))};")
        w.probe(f"{name}({rng.choice(('0', '2', w.atom().text))})")
    elif way == 2:
        w.line(f"auto {name} = [&{var.name}](int by) {{ {var.name} = {var.name} + by; return {var.name}; }};")
        with w.block(f"if ({w.condition()})"):
            w.line(f"{name}({step});")
        w.probe(var.name)
    else:
        w.line(f"auto {name} = [&](auto by) {{ if (by > 8) return; {var.name} += by * {step}; }};")
        w.line(f"{name}({w.atom().text});")
        w.probe(var.name)
    var.high = 1 << 25


def alias(w: Writer) -> None:
    """A local that changes through a pointer or a reference."""
    rng = w.rng
    var = w.local("slot", w.scaled(), mutable=True)
    name = w.fresh("ref")
    way = rng.randrange(5)
    change = rng.choice(("+= 16", "+= 32", f"= {w.offset().text}", "*= 2", "= 8"))
    if way == 0:
        w.line(f"int& {name} = {var.name};")
        w.line(f"{name} {change};")
    elif way == 1:
        w.line(f"int* {name} = &{var.name};")
        w.line(f"*{name} {change};")
    elif way == 2:
        other = w.local("slot", w.scaled(), mutable=True)
        w.line(f"int* {name} = {w.condition()} ? &{var.name} : &{other.name};")
        w.line(f"*{name} {change};")
        other.high = 1 << 25
        w.probe(other.name)
    elif way == 3:
        function = f"advance_{w.serial}"
        w.top.append(
            f"__device__ __forceinline__ void {function}(int& position, int by) {{\n"
            f"    position += by{rng.choice(('', ' * 16', ' * 32', ' / 2'))};\n}}"
        )
        w.line(f"{function}({var.name}, {rng.choice((var.name, '32', '16', w.scaled().text))});")
    else:
        function = f"split_{w.serial}"
        w.top.append(
            f"__device__ __forceinline__ void {function}(int total, int parts, int& first, int& rest) {{\n"
            "    first = total / parts;\n    rest = total - first * parts;\n}"
        )
        other = w.local("rest", Num("0", 0), mutable=True)
        w.line(f"{function}({w.atom().text}, {rng.choice((2, 4, 32))}, {var.name}, {other.name});")
        w.probe(f"{other.name} * {rng.choice((1, 16, 32))}")
    var.high = 1 << 25
    var.negative = True
    w.probe(var.name)


def loaded(w: Writer) -> None:
    """A value from memory, which may be anything."""
    if not w.memories:
        return
    rng = w.rng
    memory = rng.choice(w.memories)
    index = w.pick(lambda v: v.type == "int" and v.high <= 2048 and not v.negative)
    at = index.name if index else str(rng.randrange(8))
    text = rng.choice((f"__ldg({memory} + {at})", f"{memory}[{at}]"))
    var = w.local("loaded", Num(text, 1100, True), mutable=w.chance(0.3))
    if w.chance(0.35):
        w.line(f"DEVICE_ASSERT({var.name} {rng.choice(('>= 0', '% 32 == 0', '< 32'))});")
    if w.chance(0.25) and memory not in w.read_only:
        w.line(f"{memory}[{at}] = {w.offset().text};")
        w.probe(f"{memory}[{at}]")
    text = rng.choice(
        (
            f"{var.name} * {rng.choice((16, 32, 8))}",
            var.name,
            f"({var.name} & ~31)",
            f"{var.name} / 32 * 32",
            f"{var.name} % 32",
            f"min({var.name}, 32) * 16",
        )
    )
    w.probe(text)


def comma(w: Writer) -> None:
    a = w.local("left", w.scaled(), mutable=True)
    step = w.rng.choice((16, 32, 4))
    b = w.local(
        "right", Num(f"({a.name} += {step}, {a.name} * {w.rng.choice((2, 1, 32))})", a.high * 34 + 64)
    )
    a.high = a.high + step
    w.probe(a.name)
    w.probe(b.name)


def macro_twice(w: Writer) -> None:
    """A macro whose argument has a side effect, or no parentheses around it."""
    rng = w.rng
    a = w.local("it", w.scaled(), mutable=True)
    if w.chance(0.5):
        name = f"LARGER_{w.serial}"
        w.macros[name] = f"#define {name}(a, b) ((a) > (b) ? (a) : (b))"
        b = w.local("most", Num(f"{name}({a.name}++, {rng.choice((16, 32, 64))})", a.high + 66))
    else:
        name = f"SCALED_{w.serial}"
        w.macros[name] = f"#define {name}(x) x * {rng.choice((16, 32))}"
        inner = w.rng.choice((f"{a.name} + 8", f"{a.name} + 32", f"{a.name}"))
        b = w.local("most", Num(f"{name}({inner})", a.high * 33 + 1024))
    a.high += 2
    w.probe(a.name)
    w.probe(b.name)


def table(w: Writer) -> None:
    """A local array."""
    rng = w.rng
    name = w.fresh("table")
    count = rng.choice((2, 3, 4))
    if w.chance(0.5):
        values = ", ".join(w.scaled().text for _ in range(count))
        w.line(f"int {name}[{count}] = {{{values}}};")
    else:
        w.line(f"int {name}[{count}];")
        i = w.fresh("i")
        w.line(f"for (int {i} = 0; {i} < {count}; ++{i})")
        w.line(f"    {name}[{i}] = {w.scaled().factor} + {i} * {rng.choice((16, 32, 8))};")
    if w.chance(0.4):
        w.line(f"{name}[{rng.randrange(count)}] += {rng.choice((8, 16, 32))};")
    index = w.pick(lambda v: v.type == "int" and not v.negative)
    at = f"{index.name} % {count}" if index and w.chance(0.6) else str(rng.randrange(count))
    w.probe(f"{name}[{at}]")


def record(w: Writer) -> None:
    """A struct of sizes, made and changed."""
    rng = w.rng
    serial = w.serial = w.serial + 1
    kind = f"Config{serial}"
    m = rng.choice((16, 32, 8, 64))
    body = rng.choice(("", " row_bytes += 16; ", " row_bytes = row_bytes / 32 * 32; "))
    more = rng.choice(("", f" + {m}"))
    both = "__host__ __device__"
    w.top.append(
        f"struct {kind} {{\n    int num_rows;\n    int row_bytes;\n"
        f"    {both} {kind}(int rows, int bytes) : num_rows(rows), row_bytes(bytes) {{{body}}}\n"
        f"    {both} int total() const {{ return num_rows * row_bytes{more}; }}\n"
        f"    {both} int row(int i) const {{ return i * row_bytes; }}\n"
        f"    {both} void grow(int by) {{ row_bytes += by; }}\n}};"
    )
    name = w.fresh("config")
    small = w.pick(lambda v: v.type == "int" and v.high <= 100)
    first = small.name if small else "3"
    second = w.scaled().text if w.chance(0.6) else str(rng.choice((32, 48, 64)))
    form = rng.randrange(3)
    if form == 0:
        w.line(f"{kind} {name}({first}, {second});")
    elif form == 1:
        w.line(f"auto {name} = {kind}({first}, {second});")
    else:
        w.line(f"{kind} {name}{{{first}, {second}}};")
    if w.chance(0.4):
        w.line(rng.choice((f"{name}.grow({rng.choice((16, 32))});", f"{name}.row_bytes += 32;")))
    if w.chance(0.3):
        copy = w.fresh("copy")
        w.line(f"{kind} {copy} = {name};")
        w.line(f"{copy}.row_bytes += {rng.choice((8, 16))};")
        w.probe(f"{copy}.row({rng.choice(('1', '2', first))})")
    w.probe(rng.choice((f"{name}.total()", f"{name}.row_bytes", f"{name}.row({rng.choice(('2', first))})")))


def sized(w: Writer) -> None:
    """Sizes of structs with padding and alignment."""
    rng = w.rng
    serial = w.serial = w.serial + 1
    kind = f"Meta{serial}"
    types = ("int", "uint8_t", "int64_t", "int4", "float", "__nv_bfloat16", "uint16_t", "void*", "bool")
    fields = ""
    for i in range(rng.choice((1, 2, 3, 4))):
        form = rng.choice(("", "", f"[{rng.choice((2, 3, 8))}]"))
        fields += f"    {rng.choice(types)} f{i}{form};\n"
    align = rng.choice(("", "", "alignas(16) ", "__align__(32) ", "alignas(64) "))
    w.top.append(f"struct {align}{kind} {{\n{fields}}};")
    scale = w.scaled()
    if scale.high > 1 << 20:
        scale = w.literal()
    way = rng.randrange(4)
    if way == 0:
        w.probe(f"static_cast<int>(sizeof({kind})) * {scale.factor}")
    elif way == 1:
        name = w.fresh("kMeta")
        w.line(f"constexpr int {name} = {rng.choice((1, 2, 4))} * sizeof({kind});")
        w.constants = [*w.constants, Num(name, 1000)]
        w.scopes[-1].append(Var(name, "int", 1000))
        w.probe(f"{name} + {scale.factor}")
        w.constants = w.constants[:-1]
    elif way == 2 and w.shared:
        w.probe(f"reinterpret_cast<{kind}*>(smem) + {scale.factor}")
    else:
        w.probe(f"{scale.factor} * sizeof({kind})" if not scale.negative else f"sizeof({kind})")


def swapped(w: Writer) -> None:
    a = w.local("a", w.scaled(), mutable=True)
    b = w.local("b", w.scaled(), mutable=True)
    t = w.fresh("t")
    if w.chance(0.5):
        w.line(f"if ({w.condition()}) {{")
        w.line(f"    int {t} = {a.name}; {a.name} = {b.name}; {b.name} = {t};")
        w.line("}")
    else:
        w.line(
            f"{a.name} = {a.name} + {b.name}, {b.name} = {a.name} - {b.name}, {a.name} = {a.name} - {b.name};"
        )
    a.high = b.high = a.high + b.high
    a.negative = b.negative = True
    w.probe(w.rng.choice((a.name, b.name, f"{a.name} + {b.name}")))


def wide(w: Writer) -> None:
    """64-bit and unsigned arithmetic."""
    rng = w.rng
    kind = rng.choice(("size_t", "int64_t", "uint32_t", "uint64_t"))
    base = w.pick(lambda v: v.type == "int" and not v.negative and v.high < 1 << 20)
    if base is None:
        return
    name = w.fresh("wide")
    element = rng.choice(("int4", "float", "__nv_bfloat16", "uint64_t"))
    w.line(f"const {kind} {name} = static_cast<{kind}>({base.name}) * sizeof({element});")
    a = rng.choice((16, 32, 64))
    w.probe(
        rng.choice(
            (
                name,
                f"({name} + {a - 1}) & ~{a - 1}",
                f"({name} + {a - 1}) / {a} * {a}",
                f"{name} / sizeof(int4) * sizeof(int4)",
                f"{name} + {rng.choice((1, 2, 4))} * sizeof(int4)",
                f"({name} >> 4) << 4",
                f"{name} % {a}",
                f"({name} + {a} - 1) & ~static_cast<{kind}>({a - 1})",
            )
        )
    )
    if kind == "size_t" and "align_up" in w.helpers:
        w.probe(f"align_up<size_t>({name}, {a})")


def recast(w: Writer) -> None:
    """A declaration as in DeepEP: a type chosen by a template argument, and counts of vectors."""
    if not w.booleans:
        return
    rng = w.rng
    flag = next((b for b in w.booleans if b.isidentifier()), None)
    base = w.pick(lambda v: v.type == "int" and not v.negative and v.high < 1 << 20)
    if flag is None or base is None:
        return
    name = w.fresh("vec")
    a, b = rng.sample(("int4", "int2", "float", "uint8_t", "__nv_bfloat16"), 2)
    w.line(f"using {name}_t = {rng.choice(('', 'typename '))}std::conditional_t<{flag}, {a}, {b}>;")
    w.line(f"const int {name} = {base.name} * static_cast<int>(sizeof({name}_t));")
    w.add(Var(name, "int", base.high * 16))
    w.probe(name)
    if w.shared:
        start = rng.choice((name, "64", "0"))
        w.probe(f"reinterpret_cast<{name}_t*>(smem + {start}) + {rng.choice((base.name, '2'))}")


def callee(w: Writer) -> None:
    """A function with a question in it, called with different arguments."""
    rng = w.rng
    if w.probes > 9:
        return
    w.serial += 1
    name = f"visit_{w.serial}"
    big = w.pick(lambda v: v.type == "int" and v.high <= 17000)
    parameter = big.name if big and w.chance(0.25) else "bytes"
    pointer = w.shared and w.chance(0.5)
    lines, w.lines, depth, w.depth = w.lines, [], w.depth, 0
    head = "uint8_t* base, " if pointer else ""
    w.line(
        f"__device__ {rng.choice(('__forceinline__ ', ''))}void {name}({head}int {parameter}, int index) {{"
    )
    w.depth = 1
    if w.chance(0.3):
        w.line(f"if ({parameter} {rng.choice(('% 8 != 0', '<= 0', '> 4096'))})")
        w.line("    return;")
    if w.chance(0.25):
        w.line(f"{parameter} = ({parameter} + 15) / 16 * 16;")
    term = rng.choice((f"{parameter} * index", parameter, f"index * 16 + {parameter}"))
    w.probe(f"base + {term}" if pointer else term)
    if w.chance(0.3):
        w.line(f"DEVICE_ASSERT({parameter} % 32 == 0);")
        w.probe(parameter)
    w.depth = 0
    w.line("}")
    w.top.append("\n".join(w.lines))
    w.lines, w.depth = lines, depth
    for _ in range(rng.choice((1, 2, 2, 3))):
        size = w.scaled()
        if size.high > 1 << 20:
            size = w.literal()
        first = rng.choice(("smem, ", "smem + 32, ", "smem + 16, ")) if pointer else ""
        small = w.pick(lambda v: v.type == "int" and v.high <= 100)
        call = f"{name}({first}{size.text}, {small.name if small and w.chance(0.6) else rng.randrange(4)});"
        if w.chance(0.3):
            w.line(f"if ({w.condition()})")
            call = "    " + call
        w.line(call)


def asking_lambda(w: Writer) -> None:
    """A lambda with a question in it."""
    name = w.fresh("ask")
    base = w.local("shift", w.scaled(), mutable=True)
    with w.block(f"auto {name} = [{w.rng.choice('=&')}](int i)", "};"):
        if w.chance(0.3):
            w.line(f"if (i % {w.rng.choice((2, 4))} != 0)")
            w.line("    return;")
        w.probe(f"{base.name} + i * {w.rng.choice((16, 32, 8))}")
    if w.chance(0.5):
        w.line(f"{base.name} += {w.rng.choice((16, 32))};")
    for _ in range(w.rng.choice((1, 2))):
        w.line(f"{name}({w.rng.choice(('0', '3', w.atom().text))});")


VALUES: list[tuple[Callable[[Writer], None], int]] = [
    (arithmetic, 6),
    (size, 4),
    (rounded, 3),
    (negative, 3),
    (parameter_changed, 3),
    (lambda_changes, 4),
    (alias, 4),
    (loaded, 3),
    (comma, 1),
    (macro_twice, 2),
    (table, 2),
    (record, 3),
    (sized, 3),
    (swapped, 2),
    (wide, 3),
    (recast, 3),
    (callee, 3),
    (asking_lambda, 2),
]
