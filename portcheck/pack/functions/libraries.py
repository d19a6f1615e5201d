"""Calls of CUDA's libraries: joined with the API map, with their arguments, and names in code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from portcheck.api_map import api_map
from portcheck.facts.apis import ApiCall
from portcheck.facts.base import Fact
from portcheck.facts.launches import Launch
from portcheck.pack.functions.code import code
from portcheck.pack.functions.registry import finder
from portcheck.pack.subjects import Match, View
from portcheck.program.model import Observation
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict

_ARGUMENTS = 6
_COMMON = ("device", "function", "source", "path")
_NO_STREAM = frozenset(("0", "nullptr", "NULL", "cudaStreamLegacy", "cudaStreamDefault", "0x0"))
_ON_DEFAULT_STREAM = frozenset(("cudaMemcpy", "cudaMemset", "cudaMemcpy2D", "cudaMemcpy3D", "cudaMemcpyPeer"))
_WORDS = re.compile(
    rb"\b(?:cudaLaunchAttribute[A-Z]\w*|CU_LAUNCH_ATTRIBUTE_\w+|cudaFuncAttribute[A-Z]\w*"
    rb"|cudaLaunchCooperativeKernel\w*|cuLaunchCooperativeKernel\w*|cudaGridDependencySynchronize"
    rb"|cudaTriggerProgrammaticLaunchCompletion|griddepcontrol\.\w+|CU_MEM_HANDLE_TYPE_\w+)"
)
_DEPENDENT = re.compile(r"(?i)programmatic|griddep")
_ZERO = re.compile(r"0[uUlL]*|nullptr|NULL|CUdeviceptr\(0\)|\(CUdeviceptr\)\s*0")
_SIZES = re.compile(
    rb"\bCUDA_IPC_HANDLE_SIZE\b|\bNCCL_UNIQUE_ID_BYTES\b"
    rb"|\bsizeof\s*\(\s*(?:ncclUniqueId|cudaIpcMemHandle_t|CUipcMemHandle)\s*\)"
)
_TORCH = re.compile(
    rb"\b(?:at|c10|torch)::cuda::(?:[gs]et\w*|CUDA\w+|Optional\w+|Stream\w*|current\w+|device_count"
    rb"|is_available|ScalarType\w+)"
)
_HOST_KINDS = r"HostToDevice|DeviceToHost|MemcpyDefault"
# What a call's port rests on: its name, the targets that it concerns, the calls, their arguments.
_ASSUMPTIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...] = (
    ("aclInit", (), ("cudaSetDevice", "cuInit"), ""),
    ("page-locked", (), ("cudaMemcpyAsync", "cudaMemcpy2DAsync"), _HOST_KINDS),
    ("64 bytes", (), ("cudaMemcpyAsync",), "DeviceToDevice"),
    ("idle", (), ("cudaFree", "cudaMemset"), ""),
    ("4 KiB", (), ("cudaHostRegister", "cuMemHostRegister"), ""),
    ("950PR", ("950",), ("cudaIpcGetEventHandle", "cudaIpcOpenEventHandle"), ""),
    ("950PR", ("950",), ("cudaEventCreateWithFlags",), "cudaEventInterprocess"),
)
_DEVICE_CALLS = frozenset(("clock64", "clock", "__trap", "printf"))


@finder("mapped_api", "api", "calls", "library", "kind", "equivalent", "note_en", "note_zh", *_COMMON)
def mapped_api(view: View) -> Iterator[Match]:
    """Each API that a file calls, once, with what the map says: `kind` is "" for a name that is
    not in it. The other calls are related places. NVSHMEM counts where the host calls it."""
    yield from _mapped(view)


@lru_cache(maxsize=4)
def _mapped(view: View) -> tuple[Match, ...]:
    return tuple(_join(view))


def _join(view: View) -> Iterator[Match]:
    found: dict[tuple[str, str], list[_Call]] = {}
    for call in _calls(view):
        found.setdefault((call.place.path, call.name), []).append(call)
    for listed in found.values():
        call = listed[0]
        api = api_map().find(call.name)
        fields = {
            **_fields(view, call),
            "api": call.name,
            "calls": len(listed),
            "library": api.library if api else "",
            "kind": api.kind.value if api else "",
            "equivalent": api.equivalent if api else "",
            "note_en": api.note.en if api else "",
            "note_zh": api.note.zh if api else "",
        }
        yield Match(call.place, call.function, fields, related=tuple(c.place for c in listed[1:]))


@finder("unlisted_equivalent", "api", "equivalent", "note_en", "note_zh", *_COMMON)
def unlisted_equivalent(view: View) -> Iterator[Match]:
    """Each API that a file calls whose equivalent the sources deny to a target."""
    for match in _mapped(view):
        api = api_map().find(str(match.fields["api"]))
        denied = tuple(t for t, listed in api.support.items() if not listed) if api else ()
        if denied:
            yield Match(
                match.place, match.function, match.fields, Verdict.VIOLATED, "", denied, related=match.related
            )


@finder("api_arguments", "api", *(f"arg{i}" for i in range(1, _ARGUMENTS + 1)), *_COMMON)
def api_arguments(view: View) -> Iterator[Match]:
    """Every API call with its arguments one by one; "" for those that it does not have."""
    for fact in view.of_kind["api_call"]:
        if isinstance(fact, ApiCall):
            texts = (*fact.arguments, *[""] * _ARGUMENTS)
            listed = {f"arg{i + 1}": texts[i] for i in range(_ARGUMENTS)}
            yield Match(fact.place, fact.function, {**_fields(view, fact), "api": fact.api, **listed})


@finder("address_reservation", "api", "alignment", "address", *_COMMON)
def address_reservation(view: View) -> Iterator[Match]:
    """Reservations of addresses. A value that is no literal is not followed: the verdict depends on
    it. A wanted address matters on 950 only."""
    for match in api_arguments(view):
        if match.fields["api"] != "cuMemAddressReserve":
            continue
        alignment, address = str(match.fields["arg3"]), str(match.fields["arg4"])
        fields = {**match.fields, "alignment": alignment, "address": address}
        targets: tuple[str, ...] = ()
        verdict = Verdict.HOLDS
        if not _ZERO.fullmatch(alignment):
            verdict = Verdict.VIOLATED if alignment[:1].isdigit() else Verdict.DEPENDS
        elif not _ZERO.fullmatch(address):
            verdict, targets = Verdict.DEPENDS, ("950",)
        yield Match(match.place, match.function, fields, verdict, targets=targets)


@finder("assumed_of_api", "api", "assumed", "calls", *_COMMON)
def assumed_of_api(view: View) -> Iterator[Match]:
    """Calls whose port is right under a condition that the source does not show, once a file:
    `assumed` is its name, and the verdict depends on it. The other calls are related places."""
    found: dict[tuple[str, str, str], list[ApiCall]] = {}
    for fact in view.of_kind["api_call"]:
        for assumed, _, names, pattern in _ASSUMPTIONS:
            if not isinstance(fact, ApiCall) or fact.api not in names:
                continue
            if re.search(pattern, ", ".join(fact.arguments)):
                # whoever initialises does it once: the first call of a file stands for all
                name = "" if assumed == "aclInit" else fact.api
                found.setdefault((fact.place.path, name, assumed), []).append(fact)
    targets_of = {assumed: only for assumed, only, _, _ in _ASSUMPTIONS}
    for (_, _, assumed), listed in found.items():
        first = listed[0]
        fields = {**_fields(view, first), "api": first.api, "assumed": assumed, "calls": len(listed)}
        yield Match(
            first.place,
            first.function,
            fields,
            Verdict.DEPENDS,
            targets=targets_of[assumed],
            related=tuple(f.place for f in listed[1:]),
        )


@finder("default_stream_order", "api", "other", *_COMMON)
def default_stream_order(view: View) -> Iterator[Match]:
    """Streams that CUDA orders against the default stream, in files that give it work: `other` is
    the first such work. Whether the code rests on the order, the source does not show."""
    work: dict[str, list[tuple[Place, str]]] = {}
    for call in _calls(view):
        if call.name in _ON_DEFAULT_STREAM:
            work.setdefault(call.place.path, []).append((call.place, call.name))
    for launch in view.of_kind["launch"]:
        if isinstance(launch, Launch) and launch.form == "<<<>>>" and launch.kernel:
            stream = launch.configuration[3] if len(launch.configuration) > 3 else "0"
            if stream in _NO_STREAM:
                work.setdefault(launch.place.path, []).append((launch.place, f"{launch.kernel}<<<>>>"))
    for fact in view.of_kind["api_call"]:
        if not isinstance(fact, ApiCall) or fact.place.path not in work:
            continue
        plain = fact.api == "cudaStreamCreate"
        if fact.api in ("cudaStreamCreateWithFlags", "cudaStreamCreateWithPriority"):
            plain = any(a in ("cudaStreamDefault", "0") for a in fact.arguments[1:2])
        if plain:
            listed = sorted(work[fact.place.path], key=lambda w: w[0].start_byte)
            fields = {**_fields(view, fact), "api": fact.api, "other": listed[0][1]}
            yield Match(
                fact.place, fact.function, fields, Verdict.DEPENDS, related=tuple(p for p, _ in listed)
            )


@finder("library_word", "word", "places", *_COMMON)
def library_word(view: View) -> Iterator[Match]:
    """Names of attributes and of handle types, where they stand in code; each once a file. Those of
    dependent launches, which belong together, count as one."""
    yield from _grouped(view, _words(view, _WORDS), lambda t: "" if _DEPENDENT.search(t) else t)


@finder("torch_helpers", "word", "places", *_COMMON)
def torch_helpers(view: View) -> Iterator[Match]:
    """PyTorch's helpers for CUDA, once a file, because a port changes them together."""
    yield from _grouped(view, _words(view, _TORCH), lambda _: "")


@finder("handle_size", "word", "bytes_here", "bytes_there", *_COMMON)
def handle_size(view: View) -> Iterator[Match]:
    """Sizes of handles that another process gets, once a file. `sizeof` follows a renamed type, what
    carries the handle may not: the verdict depends on it."""
    for match in _grouped(view, _words(view, _SIZES), lambda text: text):
        ipc = "ipc" in str(match.fields["word"]).casefold()
        sizes = {"bytes_here": 64, "bytes_there": 65} if ipc else {"bytes_here": 128, "bytes_there": 4108}
        yield Match(
            match.place,
            match.function,
            {**match.fields, **sizes},
            Verdict.DEPENDS,
            related=match.related,
        )


@lru_cache(maxsize=12)
def _words(view: View, pattern: re.Pattern[bytes]) -> list[tuple[Place, str, str]]:
    """Where a pattern stands in code, with the text and the function's name."""
    found = [
        (w.place, "".join(w.text.split()), w.function.qualified if w.function else "")
        for w in code(view).words(pattern)
    ]
    if pattern is _WORDS:
        for function in view.analysis.functions:  # a qualifier is no part of the text that is read
            if function.origin.active and any(a.startswith("__cluster_dims__") for a in function.attributes):
                place = function.origin.place(function.start_byte, function.start_byte + 1)
                found.append((place, "__cluster_dims__", function.qualified))
    return found


def _grouped(view: View, words: list[tuple[Place, str, str]], key: Callable[[str], str]) -> Iterator[Match]:
    """One match a file for the words of one key, the others as related places."""
    found: dict[tuple[str, str], list[tuple[Place, str, str]]] = {}
    for word in sorted(words, key=lambda w: (w[0].path, w[0].start_byte)):
        found.setdefault((word[0].path, key(word[1])), []).append(word)
    for listed in found.values():
        place, text, name = listed[0]
        fields = {
            "word": text,
            "places": len(listed),
            "device": name in view.device_functions,
            "function": name,
            "source": view.line(place),
            "path": place.path,
        }
        yield Match(place, name, fields, related=tuple(p for p, _, _ in listed[1:]))


@finder("fabric_handle", "word", *_COMMON)
def fabric_handle(view: View) -> Iterator[Match]:
    """Fabric handles, which cross hosts: the sources list them for 910C only."""
    for match in library_word(view):
        if match.fields["word"] == "CU_MEM_HANDLE_TYPE_FABRIC":
            yield Match(match.place, match.function, match.fields, Verdict.VIOLATED, targets=("910B", "950"))


@finder("device_call", "name", "places", "compared", *_COMMON)
def device_call(view: View) -> Iterator[Match]:
    """Calls of clocks and traps in code of the device, each name once a function, and printf, once a
    file. `compared` is whether a comparison uses the value where it is read."""
    found: dict[tuple[str, str, str], list[tuple[Place, Observation]]] = {}
    known = view.analysis.reading.context.program.functions
    for function in view.analysis.functions:
        if function.qualified not in view.device_functions or not function.origin.active:
            continue
        for seen in function.observations:
            callee = seen.callee
            if callee is None or callee.receiver is not None or callee.name not in _DEVICE_CALLS:
                continue
            if seen.origin.active and callee.name not in known:
                place = seen.origin.place(seen.node.start_byte, seen.node.end_byte)
                inside = "" if callee.name == "printf" else function.qualified
                found.setdefault((place.path, inside, callee.name), []).append((place, seen))
    for (_, _, name), listed in found.items():
        place, seen = listed[0]
        fields = {
            "name": name,
            "places": len(listed),
            "compared": any(_compared(s) for _, s in listed),
            "device": True,
            "function": seen.function.qualified,
            "source": view.line(place),
            "path": place.path,
        }
        yield Match(place, seen.function.qualified, fields, related=tuple(p for p, _ in listed[1:]))


def _compared(seen: Observation) -> bool:
    node = seen.node.parent
    while node is not None and node.type.endswith(("_expression", "argument_list", "condition_clause")):
        if node.type == "binary_expression" and seen.origin.read(node.children[1]) in ("<", ">", "<=", ">="):
            return True
        node = node.parent
    return False


@finder("device_clock", "name", "places", *_COMMON)
def device_clock(view: View) -> Iterator[Match]:
    """Clocks that code of the device reads: violated where the ticks are compared with a limit, else
    it depends on what they are for."""
    for match in device_call(view):
        if match.fields["name"] in ("clock64", "clock"):
            verdict = Verdict.VIOLATED if match.fields["compared"] else Verdict.DEPENDS
            yield Match(match.place, match.function, match.fields, verdict, related=match.related)


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    place: Place
    function: str


def _calls(view: View) -> Iterator[_Call]:
    """The calls of APIs: those that are facts, and NVSHMEM's in functions of the host, of which the
    facts leave out what moves nothing."""
    for fact in view.of_kind["api_call"]:
        if isinstance(fact, ApiCall):
            yield _Call(fact.api, fact.place, fact.function)
    known = view.analysis.reading.context.program.functions
    for function in view.analysis.functions:
        if function.qualified in view.device_functions:
            continue
        for seen in chain(function.observations, *(s.observations for s in function.shadows)):
            callee = seen.callee
            if callee is None or not callee.name.startswith("nvshmem") or callee.name in known:
                continue
            if callee.receiver is None and seen.origin.active:
                place = seen.origin.place(seen.node.start_byte, seen.node.end_byte)
                yield _Call(callee.name, place, function.qualified)


def _fields(view: View, found: Fact | _Call) -> dict[str, object]:
    return {
        "device": found.function in view.device_functions,
        "function": found.function,
        "source": view.line(found.place),
        "path": found.place.path,
    }
