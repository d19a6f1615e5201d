"""Device functions and macros that a file may define above its kernel."""

from __future__ import annotations

from benchmarks.soundness.generate.writer import Writer

DEVICE = "__device__ __forceinline__"
TEMPLATES = {
    "align_up": (
        "template <typename dtype_t>\n"
        "__host__ __device__ constexpr dtype_t align_up(dtype_t a, dtype_t b) {\n"
        "    return {expr};\n"
        "}}"
    ),
    "align_down": (
        "template <typename dtype_t>\n"
        "__host__ __device__ constexpr dtype_t align_down(dtype_t a, dtype_t b) {\n"
        "    return a / b * b;\n"
        "}"
    ),
    "ceil_div": (
        "template <typename dtype_t>\n"
        "__host__ __device__ constexpr dtype_t ceil_div(dtype_t a, dtype_t b) {\n"
        "    return (a + b - 1) / b;\n"
        "}"
    ),
}


def write_helpers(w: Writer) -> None:
    rng = w.rng
    for name in ("align_up", "align_down", "ceil_div"):
        if w.chance(0.6):
            text = TEMPLATES[name]
            if name == "align_up":
                way = rng.choice(("(a + b - 1) / b * b", "ceil_div<dtype_t>(a, b) * b"))
                if "ceil_div" not in w.helpers:
                    way = "(a + b - 1) / b * b"
                text = text.replace("{expr}", way).replace("}}", "}")
            _put(w, name, text)
    if w.chance(0.3):
        _put(
            w,
            "clamp_bytes",
            f"{DEVICE} int clamp_bytes(int bytes, int lower) {{\n"
            "    if (bytes < lower)\n        return lower;\n"
            f"    if (bytes > {rng.choice((4096, 8192, 1000))})\n"
            f"        return {rng.choice((4096, 8192, 1024, 1000))};\n"
            f"    {rng.choice(('', '++bytes; return bytes - 1;', 'bytes -= bytes % 16;'))}\n"
            "    return bytes;\n}",
        )
    if w.chance(0.25):
        cases = rng.sample((0, 1, 2, 3, 4, 8, 32), 3)
        values = [rng.choice((32, 64, 96, 16, 48, 128)) for _ in range(4)]
        body = "".join(
            f"        case {c}:\n            {rng.choice(('return', 'result ='))} {v};\n"
            + rng.choice(("            break;\n", "            break;\n", ""))
            for c, v in zip(cases, values, strict=False)
        )
        _put(
            w,
            "pick_stride",
            f"{DEVICE} int pick_stride(int kind) {{\n    int result = {values[3]};\n"
            f"    switch (kind) {{\n{body}        default:\n            result += "
            f"{rng.choice((0, 32, 64, 16))};\n    }}\n    return result;\n}}",
        )
    if w.chance(0.15):
        step = rng.choice((32, 16, 8, 24))
        _put(
            w,
            "sum_to",
            f"{DEVICE.replace(' __forceinline__', '')} int sum_to(int n) {{\n"
            f"    return n <= 0 ? 0 : {step} + sum_to(n - 1);\n}}",
        )
    if w.chance(0.2):
        _put(
            w,
            "round_pow2",
            f"template <int kAlign>\n{DEVICE} int round_pow2(int hidden) {{\n"
            '    static_assert((kAlign & (kAlign - 1)) == 0, "power of two");\n'
            "    hidden = (hidden + kAlign - 1) & ~(kAlign - 1);\n"
            f"    return hidden{rng.choice(('', '', ' + kAlign', ' / 2'))};\n}}",
        )
    if w.chance(0.2):
        _put(
            w,
            "scale_by",
            f"template <int kScale = {rng.choice((32, 16, 8))}>\n{DEVICE} int scale_by(int n) {{\n"
            "    return n * kScale;\n}",
        )
    if w.chance(0.3):
        w.macros["ALIGN_UP"] = f"#define ALIGN_UP(x, a) {_align_macro(w)}"


def _align_macro(w: Writer) -> str:
    return w.rng.choice(
        (
            "(((x) + (a) - 1) / (a) * (a))",
            "(((x) + ((a) - 1)) & ~((a) - 1))",
            "((((x) + (a) - 1) / (a)) * (a))",
        )
    )


def _put(w: Writer, name: str, text: str) -> None:
    w.helpers.add(name)
    w.top.append("\n".join(line for line in text.splitlines() if line.strip()))
