"""Asserts that hold at the probe, and asserts that only look as if they did."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.soundness.generate.writer import Var, Writer

ASSERT = "DEVICE_ASSERT"


def _subject(w: Writer) -> Var:
    var = w.pick(lambda v: v.type == "int" and v.high <= 1 << 25 and not v.thread)
    return var if var is not None else w.local("n", w.offset(), mutable=True)


def _question(w: Writer, var: Var) -> None:
    factor = w.rng.choice((1, 1, 1, 2, 4))
    w.probe(var.name if factor == 1 else f"{var.name} * {factor}")


def before(w: Writer) -> None:
    var = _subject(w)
    m = w.rng.choice((4, 8, 16, 32, 32, 64))
    forms = (
        f"{var.name} % {m} == 0",
        f"({var.name} & {m - 1}) == 0",
        f"({var.name} % {m}) == 0",
        f"!({var.name} % {m})",
        f"{var.name} / {m} * {m} == {var.name}",
    )
    form = w.rng.choice(forms)
    if w.chance(0.05):
        form = f"{var.name} == {w.rng.choice((32, 64, 7168, 48, 100))}"
    w.line(f"{ASSERT}({form});")
    _question(w, var)


def after(w: Writer) -> None:
    var = _subject(w)
    _question(w, var)
    w.line(f"{ASSERT}({var.name} % 32 == 0);")
    if w.chance(0.3):
        w.probe(f"{var.name}")


def elsewhere(w: Writer) -> None:
    """In another branch."""
    var = _subject(w)
    with w.block(f"if ({w.condition()})"):
        w.line(f"{ASSERT}({var.name} % 32 == 0);")
        if w.chance(0.4):
            _question(w, var)
    if w.chance(0.4):
        w.lines.pop()
        with w.block("} else"):
            if w.chance(0.4):
                w.line(f"{ASSERT}({var.name} % {w.rng.choice((16, 32, 64))} == 0);")
            _question(w, var)
    _question(w, var)


def in_loop(w: Writer) -> None:
    """In a body that may not run."""
    var = _subject(w)
    i = w.fresh("i")
    small = w.pick(lambda v: v.type == "int" and v.high <= 100)
    bound = small.name if small and w.chance(0.7) else w.rng.choice(("0", "1", "4"))
    with w.block(f"for (int {i} = 0; {i} < {bound}; ++{i})"):
        w.line(f"{ASSERT}({var.name} % 32 == 0);")
        _question(w, var)
    _question(w, var)


def short_circuit(w: Writer) -> None:
    var = _subject(w)
    joint = w.rng.choice(("||", "&&", "||", "&&"))
    parts = [f"{var.name} % {w.rng.choice((16, 32))} == 0", w.condition(1)]
    w.rng.shuffle(parts)
    w.line(f"{ASSERT}({parts[0]} {joint} ({parts[1]}));")
    _question(w, var)


def product(w: Writer) -> None:
    a = w.pick(lambda v: v.type == "int" and v.high <= 17000 and not v.thread)
    b = w.pick(lambda v: v.type == "int" and v.high <= 17000 and not v.thread)
    if a is None or b is None:
        return
    w.line(f"{ASSERT}({a.name} * {b.name} % 32 == 0);")
    w.probe(w.rng.choice((f"{a.name} * {b.name}", a.name, f"{a.name} * {b.name} * 2", f"{a.name} * 16")))


def then_changed(w: Writer) -> None:
    """Checked, then changed before it is used."""
    var = w.pick(lambda v: v.mutable and v.type == "int" and v.high < 1 << 24)
    if var is None:
        var = w.local("n", w.offset(), mutable=True)
    w.line(f"{ASSERT}({var.name} % 32 == 0);")
    change = w.rng.choice(
        (
            f"{var.name} += {w.rng.choice((32, 8, 16, 64))};",
            f"{var.name}++;",
            f"{var.name} = {var.name} / 2;",
            f"{var.name} = -{var.name};",
            f"{var.name} >>= 1;",
            f"{var.name} -= 48;",
            f"{var.name} *= 3;",
        )
    )
    if w.chance(0.4):
        w.line(f"if ({w.condition()})")
        w.line(f"    {change}")
    else:
        w.line(change)
    var.high = var.high * 3 + 64
    var.negative = True
    _question(w, var)


def in_lambda(w: Writer) -> None:
    """In a lambda that is called, or is not."""
    var = _subject(w)
    name = w.fresh("check")
    if w.chance(0.5):
        w.line(f"auto {name} = [&]() {{ {ASSERT}({var.name} % 32 == 0); }};")
        call = f"{name}();"
    else:
        w.line(f"auto {name} = [](int value) {{ {ASSERT}(value % 32 == 0); }};")
        call = f"{name}({var.name}{w.rng.choice(('', '', ' + 16', ' * 2'))});"
    way = w.rng.randrange(3)
    if way == 0:
        w.line(call)
    elif way == 1:
        w.line(f"if ({w.condition()})")
        w.line(f"    {call}")
    _question(w, var)


def in_function(w: Writer) -> None:
    var = _subject(w)
    name = f"require_{w.serial}"
    w.serial += 1
    parameter = w.rng.choice(("value", var.name))
    changed = w.rng.choice(
        ("", "", f"    {parameter} += 16;\n", f"    if ({parameter} < 64)\n        return;\n")
    )
    w.top.append(
        f"__device__ __forceinline__ void {name}(int {parameter}) {{\n{changed}"
        f"    {ASSERT}({parameter} % 32 == 0);\n}}"
    )
    w.line(f"{name}({var.name});")
    _question(w, var)


def shadowed(w: Writer) -> None:
    """A check of an inner variable that has the name of an outer one."""
    var = w.local("rows", w.offset(), mutable=True)
    other = w.offset()
    with w.block(""):
        w.line(f"int {var.name} = {other.text};" if var.name not in other.text else f"int {var.name} = 64;")
        w.line(f"{ASSERT}({var.name} % 32 == 0);")
        w.probe(var.name)
    _question(w, var)


def disabled(w: Writer) -> None:
    """A macro that looks like a check and is none."""
    var = _subject(w)
    w.macros["DEBUG_ASSERT"] = w.rng.choice(
        ("#define DEBUG_ASSERT(cond) ((void)0)", "#define DEBUG_ASSERT(cond) do { } while (0)")
    )
    w.line(f"DEBUG_ASSERT({var.name} % 32 == 0);")
    _question(w, var)


def bounded(w: Writer) -> None:
    """Bounds that turn a minimum into a constant, or do not."""
    var = w.pick(lambda v: v.type == "int" and not v.negative and v.high <= 1 << 20)
    if var is None:
        return
    low = w.rng.choice((32, 33, 64, 1))
    operator = w.rng.choice((">=", ">", "<=", "=="))
    w.line(f"{ASSERT}({var.name} {operator} {low});")
    name = w.rng.choice(("min", "max"))
    other = w.rng.choice((32, 64, 96, 48))
    w.probe(
        f"{name}({var.name}, {other})" if w.chance(0.6) else f"({var.name} > {other} ? {other} : {var.name})"
    )


CHECKS: list[tuple[Callable[[Writer], None], int]] = [
    (before, 5),
    (after, 2),
    (elsewhere, 3),
    (in_loop, 3),
    (short_circuit, 3),
    (product, 2),
    (then_changed, 3),
    (in_lambda, 2),
    (in_function, 2),
    (shadowed, 2),
    (disabled, 1),
    (bounded, 2),
]
