"""One file: macros, helpers, a kernel or device function, and the host function that launches it."""

from __future__ import annotations

import random
from collections.abc import Callable

from benchmarks.soundness.generate.checks import CHECKS
from benchmarks.soundness.generate.flow import FLOW
from benchmarks.soundness.generate.helpers import write_helpers
from benchmarks.soundness.generate.layout import LAYOUT
from benchmarks.soundness.generate.values import VALUES
from benchmarks.soundness.generate.writer import Num, Ptr, Var, Writer

LARGE = ("hidden", "num_tokens", "num_bytes_per_token", "num_experts", "hidden_int4", "scale_width")
SMALL = ("num_topk", "num_ranks", "num_slots", "num_chunks")
PRELUDE = """#include <cstdint>
#include <stdexcept>
#include <type_traits>

__device__ void probe(int id, long long value);
__device__ void probe(int id, const void* address);
__device__ void trap();

"""
HOST_ASSERT = """#define HOST_ASSERT(cond) \\
    do { \\
        if (!(cond)) { \\
            throw std::runtime_error("check failed: " #cond); \\
        } \\
    } while (0)""".replace(" #cond", "")
DEVICE_ASSERT = """#define DEVICE_ASSERT(cond) \\
    do { \\
        if (!(cond)) { \\
            trap(); \\
        } \\
    } while (0)"""
HIDDEN = (2048, 2560, 4096, 5120, 7168, 96, 48, 1000, 64, 100)


def generate(seed: int, index: int) -> str:
    """The text of file `index` of the campaign `seed`."""
    rng = random.Random(f"{seed}:{index}")
    w = Writer(rng)
    inside = f"k{index:04d}"
    write_helpers(w)
    file_constants(w)
    helpers = list(w.top)
    shared_constants = list(w.constants)
    w.top = []
    w.device = True
    if rng.random() < 0.15:
        body = device_function(w)
        host: list[str] = []
    else:
        body, host = kernel(w, shared_constants)
    text = PRELUDE + HOST_ASSERT + "\n" + DEVICE_ASSERT + "\n"
    text += "".join(m + "\n" for m in w.macros.values())
    text += f"\nnamespace {inside} {{\n\n"
    for part in (*helpers, *w.top, "\n".join(body), "\n".join(host)):
        if part:
            text += part + "\n\n"
    return text + f"}}  // namespace {inside}\n"


def file_constants(w: Writer) -> None:
    rng = w.rng
    if w.chance(0.3):
        value = rng.choice((16, 32, 64, 128, 48))
        w.macros["NUM_WARP_BYTES"] = f"#define NUM_WARP_BYTES {value}"
        w.constants.append(Num("NUM_WARP_BYTES", value))
    if w.chance(0.3):
        value = rng.choice((2, 4, 8, 32, 33))
        w.top.append(
            f"constexpr int kFactor = {value};\nconstexpr int kFactorBytes = kFactor * sizeof(int4);"
        )
        w.constants += [Num("kFactor", value), Num("kFactorBytes", value * 16)]
    if w.chance(0.2):
        value = rng.choice((8, 16, 32))
        w.top.append(f"enum Sizes {{ kHeaderBytes = {value}, kMetaBytes, kTailBytes = kHeaderBytes * 2 }};")
        w.constants += [
            Num("kHeaderBytes", value),
            Num("kMetaBytes", value + 1),
            Num("kTailBytes", value * 2),
        ]


def parameters(w: Writer, const: bool) -> list[str]:
    rng = w.rng
    names = rng.sample(LARGE, rng.choice((1, 1, 2, 2, 3))) + rng.sample(SMALL, rng.choice((0, 1, 1, 2)))
    for name in names:
        kept = const and w.chance(0.2)
        w.add(Var(name, "int", 64 if name in SMALL else 16400, False, not kept))
    return names


def features(w: Writer, count: int) -> None:
    rng = w.rng
    for _ in range(count):
        if w.probes >= 12 or len(w.lines) > 130:
            return
        roll = rng.random()
        if roll < 0.3 and w.depth < 4:
            feature: Callable[..., None] = _choose(rng, FLOW)
            feature(w, features)
        elif roll < 0.5:
            _choose(rng, CHECKS)(w)
        elif roll < 0.72 and (w.shared or any(p.element == "uint8_t" for p in w.visible_pointers())):
            _choose(rng, LAYOUT)(w)
        else:
            _choose(rng, VALUES)(w)


def _choose(rng: random.Random, table: list[tuple[Callable[..., None], int]]) -> Callable[..., None]:
    return rng.choices([f for f, _ in table], [weight for _, weight in table])[0]


def device_function(w: Writer) -> list[str]:
    names = parameters(w, const=True)
    rng = w.rng
    template = ""
    if w.chance(0.3):
        template = "template <int kHidden, bool kUseFP8>"
        w.constants.append(Num("kHidden", 8192))
        w.booleans += ["kUseFP8", "!kUseFP8"]
    signature = [_parameter(w, n) for n in names]
    if w.chance(0.4):
        signature.append("uint8_t* region")
        w.add_pointer(Ptr("region", "uint8_t"))
    if w.chance(0.3):
        signature.append("const int* table")
    if template:
        w.line(template)
    head = f"__device__ {rng.choice(('__forceinline__ ', ''))}void compute({', '.join(signature)})"
    with w.block(head):
        if any("table" in s for s in signature):
            w.memories = ["table"]
            w.read_only = {"table"}
        features(w, rng.choice((2, 3, 4, 5)))
        if not w.probes:
            w.probe(w.offset().text)
    return w.lines


def _parameter(w: Writer, name: str) -> str:
    var = next(v for v in w.visible() if v.name == name)
    return f"int {name}" if var.mutable else f"const int {name}"


def kernel(w: Writer, shared_constants: list[Num]) -> tuple[list[str], list[str]]:
    rng = w.rng
    launched = w.chance(0.7)
    template: list[str] = []
    table: list[list[str]] = [[] for _ in range(rng.choice((1, 1, 2, 3, 4, 6)))]
    shapes: dict[str, list[int]] = {}
    if w.chance(0.7):
        for name, kind, choices in (
            ("kHidden", "int", HIDDEN),
            ("kUseFP8", "bool", (0, 1)),
            ("kNumStages", "int", (1, 2, 3, 4, 8)),
            ("kNumWarps", "int", (4, 8, 10, 16)),
            ("kBytesPerRank", "int", (32, 64, 16, 144, 4640)),
        ):
            if not w.chance(0.5):
                continue
            same = w.chance(0.25)
            chosen = [rng.choice(choices) for _ in table]
            if same:
                chosen = [chosen[0]] * len(table)
            elif name == "kHidden" and w.chance(0.4):
                chosen = [rng.choice((2048, 2560, 4096, 5120, 7168)) for _ in table]
            shapes[name] = chosen
            template.append(f"{kind} {name}")
            for row, value in zip(table, chosen, strict=True):
                row.append(("true" if value else "false") if kind == "bool" else str(value))
            if kind == "bool":
                w.booleans += [name, f"!{name}"]
            else:
                w.constants.append(Num(name, max(choices)))
    if template and w.chance(0.25):
        kinds = ("uint8_t", "float", "int4", "__nv_bfloat16")
        template.append("typename dtype_t")
        for row in table:
            row.append(rng.choice(kinds))
        w.constants.append(Num("static_cast<int>(sizeof(dtype_t))", 16))
        launched = True
    if "kHidden" in shapes and w.chance(0.3):
        w.booleans.append(f"kHidden > {rng.choice((100, 2048, 5000))}")
    names = parameters(w, const=True)
    signature = [_parameter(w, n) for n in names]
    pointers = []
    if w.chance(0.35):
        pointers.append("const int* table" if w.chance(0.4) else "int* table")
    if w.chance(0.3):
        pointers.append("void* workspace" if w.chance(0.5) else "uint8_t* workspace")
    for pointer in pointers:
        if "table" in pointer:
            w.memories.append("table")
            if pointer.startswith("const"):
                w.read_only.add("table")
        if pointer.startswith("uint8_t"):
            w.add_pointer(Ptr("workspace", "uint8_t"))
    signature += pointers
    if template:
        w.line(f"template <{', '.join(template)}>")
    bounds = rng.choice(("", "", "__launch_bounds__(512, 1) "))
    with w.block(f"__global__ {bounds}void kernel({', '.join(signature)})"):
        if w.chance(0.7):
            align = rng.choice((1024, 1024, 1024, 128, 32, 16))
            w.line(f"extern __shared__ __align__({align}) uint8_t smem[];")
            w.shared = True
        if w.chance(0.65):
            thread_names(w)
        constants(w, shapes, launched)
        features(w, rng.choice((3, 4, 5, 6, 7)))
        if w.probes < 2:
            w.probe(w.offset().text)
    body = w.lines
    if not launched:
        return body, []
    w.constants = shared_constants
    w.booleans = []
    host = launcher(w, "launch", names, pointers, table, bool(template))
    if w.chance(0.15):  # another way in, with checks of its own
        host += ["", *launcher(w, "launch_again", names, pointers, table, bool(template))]
    return body, host


def thread_names(w: Writer) -> None:
    cast = w.chance(0.5)
    x = "static_cast<int>(threadIdx.x)" if cast else "threadIdx.x"
    w.line(f"const int thread_id = {x};")
    w.line(f"const int warp_id = thread_id / 32{w.rng.choice((';', ', lane_id = thread_id % 32;'))}")
    if "lane_id" not in w.lines[-1]:
        w.line(
            f"const int lane_id = {w.rng.choice(('thread_id % 32', 'thread_id & 31', 'threadIdx.x % 32'))};"
        )
    for name, high in (("thread_id", 1024), ("warp_id", 32), ("lane_id", 32)):
        w.add(Var(name, "int", high, False, False, True))
    if w.chance(0.4):
        w.line("const auto sm_id = static_cast<int>(blockIdx.x);")
        w.add(Var("sm_id", "int", 200, False, False, True))
    if w.chance(0.2):
        w.line("const int num_threads = blockDim.x;")
        w.add(Var("num_threads", "int", 1024))


def constants(w: Writer, shapes: dict[str, list[int]], launched: bool) -> None:
    rng = w.rng
    if "kHidden" in shapes:
        if w.chance(0.5):
            flag = "kUseFP8" if "kUseFP8" in shapes else ""
            size = (
                "(kUseFP8 ? sizeof(uint8_t) : sizeof(__nv_bfloat16))"
                if flag and w.chance(0.6)
                else f"sizeof({rng.choice(('__nv_bfloat16', 'float', 'uint8_t'))})"
            )
            w.line(f"constexpr int kHiddenBytes = kHidden * {size};")
            w.constants.append(Num("kHiddenBytes", 32768))
        if launched and w.chance(0.4):
            good = [m for m in (8, 16, 32, 64, 128, 512) if all(v % m == 0 for v in shapes["kHidden"])]
            if good:
                w.line(f'static_assert(kHidden % {rng.choice(good)} == 0, "Invalid hidden");')
        elif not launched and w.chance(0.3):
            w.line(f'static_assert(kHidden % {rng.choice((8, 16, 32))} == 0, "Invalid hidden");')
    if w.chance(0.35):
        name = rng.choice(("kAlign", "kStageBytes"))
        text = rng.choice(("32", "64", "16 * 3", "2 * sizeof(int4)", "1 << 6", "0x40", "4640"))
        if "kBytesPerRank" in shapes:
            text = f"kBytesPerRank * {rng.choice((1, 2, 4))}"
        w.line(f"constexpr int {name} = {text};")
        w.constants.append(Num(name, 20000))


def launcher(
    w: Writer,
    function: str,
    names: list[str],
    pointers: list[str],
    table: list[list[str]],
    templated: bool,
) -> list[str]:
    """The host function: checks that count, checks that do not, and launches."""
    rng = w.rng
    w.lines = []
    w.device = False
    w.scopes = [[]]
    w.shared = False
    passed = []
    own: list[str] = []
    for name in names:
        roll = rng.random()
        if roll < 0.72:
            passed.append(name)
            own.append(name)
        elif roll < 0.8:
            passed.append(str(rng.choice((1, 2, 8, 16, 32, 64, 100))))
        elif roll < 0.92:
            other = f"host_{name}"
            own.append(other)
            passed.append(
                rng.choice((other, f"{other} * {rng.choice((2, 4, 16))}", f"{other} / 16", f"{other} + 1"))
            )
        else:  # a name of the kernel that means something else on the host
            other = rng.choice([*names])
            if other not in own:
                own.append(other)
            passed.append(other)
    own = list(dict.fromkeys(own))
    for name in own:
        small = name.removeprefix("host_") in SMALL
        w.add(Var(name, "int", 64 if small else 16400, False, True))
    signature = [f"int {name}" for name in own] + pointers
    signature += ["int num_sms", "cudaStream_t stream"]
    arguments = ", ".join([*passed, *(p.split()[-1].strip("*") for p in pointers)])
    block = rng.choice((32, 128, 256, 512, 1024))
    with w.block(f"void {function}({', '.join(signature)})"):
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            host_check(w)
        if w.chance(0.3):
            w.line(f"constexpr int kNumThreads = {block};")
            threads = "kNumThreads"
        else:
            threads = rng.choice((str(block), f"{block // 32} * 32"))
        launches = []
        for row in table if templated else table[:1]:
            shape = f"<{', '.join(row)}>" if templated else ""
            launches.append(f"kernel{shape}<<<num_sms, {threads}, 49152, stream>>>({arguments});")
        launches = list(dict.fromkeys(launches))
        first = own[0] if own else ""
        if len(launches) == 1 or not first or w.chance(0.2):
            for launch in launches:
                w.line(launch)
        elif w.chance(0.5):
            how, choices = rng.choice(
                (
                    ("", (0, 1, 2, 4, 16, 32, 96, 2048, 4096, 7168)),
                    (" % 8", range(8)),
                    (" / 32", range(12)),
                )
            )
            w.line(f"switch ({first}{how}) {{")
            keys = rng.sample(choices, len(launches))
            for key, launch in zip(keys, launches, strict=True):
                w.line(f"    case {key}:")
                w.line(f"        {launch}")
                w.line("        break;")
            w.line("    default:")
            w.line('        throw std::runtime_error("Unsupported");')
            w.line("}")
        else:
            for position, launch in enumerate(launches):
                if position == len(launches) - 1:
                    w.line("{")
                else:
                    w.line(f"if ({w.condition()}) {{")
                w.line(f"    {launch}")
                w.line("} else" if position < len(launches) - 1 else "}")
            _join_else(w)
        if w.chance(0.15) and first:
            w.line(f"HOST_ASSERT({first} % 32 == 0);")
    return w.lines


def _join_else(w: Writer) -> None:
    joined: list[str] = []
    for line in w.lines:
        if joined and joined[-1].endswith("} else"):
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
    w.lines = joined


def host_check(w: Writer) -> None:
    rng = w.rng
    var = w.pick(lambda v: v.type == "int")
    if var is None:
        return
    m = rng.choice((2, 4, 8, 16, 32, 32, 64, 128))
    way = rng.randrange(9)
    if way < 3:
        w.line(f"HOST_ASSERT({var.name} % {m} == 0);")
    elif way == 3:
        w.line(f"if ({var.name} % {m} != 0)")
        w.line('    throw std::runtime_error("Invalid size");')
    elif way == 4:
        w.line(f"HOST_ASSERT({w.condition()});")
    elif way == 5:  # only sometimes
        w.line(f"if ({w.condition()})")
        w.line(f"    HOST_ASSERT({var.name} % {m} == 0);")
    elif way == 6:  # checked, then changed
        w.line(f"HOST_ASSERT({var.name} % {m} == 0);")
        w.line(rng.choice((f"{var.name} += {rng.choice((8, 16, 32))};", f"{var.name} = {var.name} / 2;")))
    elif way == 7:
        w.line(f"HOST_ASSERT({var.name} % {m} == 0 {rng.choice(('||', '&&'))} {w.atom().factor} % 8 == 0);")
    else:
        w.line(f"if ({var.name} {rng.choice(('<', '>', '=='))} {rng.choice((0, 1, 32, 4096))})")
        w.line("    return;")
