"""Control flow: branches, loops, roles, jumps. Bodies are made of any features again."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.soundness.generate.writer import Num, Var, Writer

Body = Callable[[Writer, int], None]  # writes so many more features


def branch(w: Writer, body: Body) -> None:
    rng = w.rng
    target = w.pick(lambda v: v.mutable and v.type == "int")
    if target is None or w.chance(0.4):
        target = w.local(rng.choice(("bytes", "off", "size")), w.offset(), mutable=True)
    head = "if constexpr" if w.booleans and w.chance(0.3) else "if"
    test = rng.choice(w.booleans) if head != "if" else w.condition()
    with w.block(f"{head} ({test})"):
        _change(w, target)
        if w.chance(0.4):
            body(w, 1)
        if w.chance(0.4):
            w.probe(target.name)
        if head == "if" and w.chance(0.08):
            w.line("return;")
    if w.chance(0.55):
        w.lines.pop()
        with w.block("} else"):
            _change(w, target)
            if w.chance(0.3):
                body(w, 1)
    w.probe(w.offset().text if w.chance(0.3) else _with(w, target))


def _change(w: Writer, target: Var) -> None:
    rng = w.rng
    num = w.offset()
    if target.high + num.high < (1 << 28) and w.chance(0.5) and not w.in_loop:
        operator = rng.choice(("+=", "+=", "-="))
        w.line(f"{target.name} {operator} {num.text};")
        target.high += num.high
        target.negative |= num.negative or operator == "-="
    else:
        w.line(f"{target.name} = {num.text};")
        target.high = max(target.high, num.high)
        target.negative |= num.negative


def _with(w: Writer, var: Var) -> str:
    factor = w.rng.choice((1, 1, 2, 4, 16, 32))
    if var.high * factor >= 1 << 30:
        factor = 1
    text = var.name if factor == 1 else f"{var.name} * {factor}"
    if w.chance(0.3):
        more = w.scaled()
        if more.high < 1 << 28 and var.high * factor < 1 << 29:
            text += f" + {more.factor}"
    return text


def role(w: Writer, body: Body) -> None:
    """Warps that take different ways, perhaps through an enumeration."""
    rng = w.rng
    warp = next((v for v in w.visible() if v.name == "warp_id"), None)
    if warp is None:
        return
    if w.chance(0.5):
        name = w.fresh("role")
        enum = f"Role{w.serial}"
        w.top.append(f"enum class {enum} {{ kSender, kForwarder, kReceiver }};")
        a, b = rng.choice(((1, 2), (2, 4), (4, 8), (3, 5)))
        w.line(
            f"const auto {name} = warp_id < {a} ? {enum}::kSender : "
            f"(warp_id < {b} ? {enum}::kForwarder : {enum}::kReceiver);"
        )
        tests = [f"{name} == {enum}::kSender", f"{name} == {enum}::kForwarder", ""]
    elif w.chance(0.4):
        name = w.fresh("role_of")
        w.line(
            f"auto {name} = [=]() {{ return warp_id < {rng.choice((1, 2, 4))} ? 0 : "
            "(lane_id == 0 ? 1 : 2); };"
        )
        tests = [f"{name}() == 0", f"{name}() == 1", ""]
    else:
        tests = [f"warp_id < {rng.choice((1, 2, 4))}", f"lane_id == {rng.choice((0, 31))}", ""]
    size = w.local("role_bytes", w.scaled(), mutable=True)
    for index, test in enumerate(tests):
        head = f"if ({test})" if index == 0 else f"}} else if ({test})" if test else "} else"
        if index:
            w.lines.pop()
        with w.block(head):
            _change(w, size)
            if w.chance(0.35):
                body(w, 1)
            w.probe(_with(w, size))
    w.probe(_with(w, size))


def counted_loop(w: Writer, body: Body) -> None:
    rng = w.rng
    name = w.fresh("i")
    roll = rng.random()
    limit = w.pick(lambda v: v.type == "int" and v.high <= 100 and not v.thread)
    bound = limit.name if limit else str(rng.choice((2, 3, 4, 8, 12)))
    count = limit.high if limit else 12
    step = 1
    if roll < 0.4:
        start, step = rng.choice((("0", 1), ("0", 1), ("0", 2), ("1", 1), ("3", 4), ("0", 8), ("2", 2)))
        rise = f"++{name}" if step == 1 else f"{name} += {step}"
        head = f"for (int {name} = {start}; {name} < {bound}; {rise})"
    elif roll < 0.65 and any(v.name == "lane_id" for v in w.visible()):
        start, step = rng.choice((("lane_id", 32), ("warp_id", 4), ("lane_id", 32), ("lane_id * 4", 128)))
        big = w.pick(lambda v: v.type == "int" and not v.thread and not v.negative) or limit
        bound = big.name if big else "256"
        count = (big.high if big else 256) + 200
        head = f"for (int {name} = {start}; {name} < {bound}; {name} += {step})"
    elif roll < 0.85:
        step = rng.choice((1, 2, 4, 8))
        top = rng.choice(("8", "16", "20", "64", bound))
        count = max(count, 64)
        head = f"for (int {name} = {top}; {name} > {rng.choice((0, 0, 3, -8))}; {name} -= {step})"
    else:
        head = f"for (int {name} = 0, end_{name} = {bound}; {name} < end_{name}; {name}++)"
    total = None
    if w.chance(0.6):
        first = w.scaled() if w.chance(0.5) else Num(str(rng.choice((0, 0, 32, 16))), 32)
        total = w.local("total", first, mutable=True)
    with w.block(head):
        w.add(Var(name, "int", count + 8, "-=" in head, False, True))
        w.in_loop += 1
        if w.chance(0.3):
            jump = rng.choice(("continue", "continue", "break"))
            w.line(f"if ({w.condition()})")
            w.line(f"    {jump};")
        if total is not None:
            add = rng.choice((w.scaled(), Num(str(rng.choice((32, 16, 64, 48, 8))), 64)))
            total.high = min(total.high + add.high * 64, 1 << 30)
            total.negative |= add.negative
            if w.chance(0.3):
                w.line(f"if ({w.condition()})")
                w.line(f"    {total.name} += {add.text};")
                if w.chance(0.4):
                    w.line("else")
                    w.line(f"    {total.name} += {rng.choice((32, 64, 16))};")
            else:
                w.line(f"{total.name} += {add.text};")
            if w.chance(0.5):
                w.probe(total.name)
        if w.chance(0.3):
            body(w, 1)
        if w.chance(0.7):
            w.probe(_with(w, Var(name, "int", count)))
        if w.chance(0.08):
            w.line(f"{name} += {rng.choice((1, 3, 31))};")
        w.in_loop -= 1
    if total is not None:
        w.probe(_with(w, total))


def while_loop(w: Writer, body: Body) -> None:
    rng = w.rng
    kind = rng.randrange(5)
    cursor = w.local("cur", w.scaled() if w.chance(0.5) else Num("0", 0), mutable=True)
    left = w.local("left", Num(str(rng.choice((1, 3, 6))), 6), mutable=True)
    if kind == 0:  # runs until it is aligned
        a = rng.choice((16, 32, 32, 64))
        w.line(f"while ({cursor.name} % {a} != 0)")
        w.line(f"    ++{cursor.name};")
        w.probe(cursor.name)
        return
    if kind == 1:
        w.line("do {")
        w.depth += 1
        w.line(f"{cursor.name} += {rng.choice((32, 16, 48, 64))};")
        w.probe(cursor.name)
        w.depth -= 1
        w.line(f"}} while (--{left.name} > 0);")
    elif kind == 2:
        with w.block(f"while ({left.name} > 0)"):
            w.in_loop += 1
            w.line(f"{left.name} -= {rng.choice((1, 2))};")
            w.probe(_with(w, cursor))
            w.line(f"{cursor.name} += {rng.choice(('32', '64', '16', w.literal().text))};")
            if w.chance(0.3):
                body(w, 1)
            w.in_loop -= 1
    elif kind == 3:
        with w.block("while (true)"):
            w.in_loop += 1
            w.line(f"if ({left.name}-- <= 0)")
            w.line("    break;")
            w.line(f"{cursor.name} += {w.scaled().text if w.chance(0.3) else rng.choice(('32', '8'))};")
            w.in_loop -= 1
    else:
        w.line(f"for (; {left.name} < 9; {left.name} += 2, {cursor.name} += {rng.choice((16, 32))})")
        w.line(f"    probe({w.probes}, {cursor.name} + {left.name});  // mod 32 equals 0")
        w.lines[-1] = "    " * (w.depth + 1) + w.lines[-1].strip()
        w.probes += 1
    cursor.high = 1 << 24
    w.probe(_with(w, cursor))


def switch(w: Writer, body: Body) -> None:
    rng = w.rng
    size = w.local("sw", w.scaled(), mutable=True)
    over = w.pick(lambda v: v.type == "int" and v.high < 200 and not v.negative)
    text = over.name if over and w.chance(0.5) else f"{w.atom().factor} % {rng.choice((2, 3, 4))}"
    cases = rng.sample(range(5), 3)
    w.line(f"switch ({text}) {{")
    w.depth += 1
    for value in cases:
        w.line(f"case {value}: {{")
        w.depth += 1
        _change(w, size)
        if w.chance(0.4):
            w.probe(size.name)
        w.depth -= 1
        w.line("}" + ("" if w.chance(0.25) else " break;"))
    if w.chance(0.6):
        w.line("default:")
        w.line(f"    {size.name} = {w.offset().text};")
    w.depth -= 1
    w.line("}")
    size.high = 1 << 27
    size.negative = True
    w.probe(size.name)


def goto(w: Writer, body: Body) -> None:
    """A phase that some threads jump over."""
    rng = w.rng
    size = w.local("phase", w.scaled(), mutable=True)
    label = w.fresh("PHASE_END").upper()
    with w.block(""):
        test = w.condition()
        w.line(f"if ({test})")
        w.line(f"    goto {label};")
        with w.block(""):
            _change(w, size)
            if w.chance(0.5) and not w.in_loop:
                w.line(f"DEVICE_ASSERT({size.name} % {rng.choice((16, 32))} == 0);")
            if w.chance(0.4):
                body(w, 1)
            w.probe(size.name)
        w.line(f"{label}:")
        w.probe(_with(w, size))
        w.line(";")


def early_return(w: Writer, body: Body) -> None:
    var = w.pick(lambda v: v.type == "int" and v.high <= 1 << 27)
    if var is None or w.in_loop > 1:
        return
    operator = w.rng.choice(("!=", "!=", "=="))
    w.line(f"if ({var.name} % {w.rng.choice((8, 16, 32, 32, 64))} {operator} 0)")
    w.line("    return;")
    w.probe(_with(w, var))


FLOW: list[tuple[Callable[[Writer, Body], None], int]] = [
    (branch, 6),
    (role, 3),
    (counted_loop, 7),
    (while_loop, 3),
    (switch, 2),
    (goto, 2),
    (early_return, 2),
]
