"""Target profiles for a person: the products side by side, and one of them with its sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from portcheck.report.style import Style, columns, padded, safe
from portcheck.targets import Language, Target
from portcheck.targets.text import Text

# Title, and what its keys begin with: the longest beginning decides.
_GROUPS = (
    (
        Text("Cores and launches", "核与核函数启动"),
        ("npu_arch", "core_model", "cube_", "vector_cores", "numblocks"),
    ),
    (Text("SIMT", "SIMT"), ("simt",)),
    (Text("Unified buffer (UB)", "统一缓冲区（UB）"), ("ub_", "initbuffer_", "tque_", "double_buffer")),
    (Text("UB banks", "UB bank"), ("ub_bank", "ub_subbank")),
    (Text("DataCopy", "DataCopy"), ("datacopy_", "datacopyparams_")),
    (Text("DataCopyPad", "DataCopyPad"), ("datacopypad",)),
    (
        Text("Global memory (GM) and caches", "全局内存（GM）与缓存"),
        ("gm_", "l2_", "dcache_", "icache_", "nddma", "dma_", "reserved_"),
    ),
    (Text("Other on-chip buffers", "其他片上存储"), ("l0", "l1_", "bt_", "fb_", "ub_to_l1")),
    (Text("Vector unit", "矢量计算"), ("vector_", "abs_", "add_", "reduce_")),
    (Text("Types and casts", "数据类型与类型转换"), ("bf16_", "fp8_", "float_")),
    (
        Text("Synchronisation and communication", "同步与通信"),
        ("event_", "cross_core_", "data_sync", "sync_", "hccl_"),
    ),
)
_REST = Text("Other", "其他")
_YES, _NO = Text("yes", "是"), Text("no", "否")
_TARGET, _PRODUCTS = Text("target", "产品"), Text("products", "型号")
_UNITS = (
    ("bytes", Text("bytes", "字节")),
    ("bits", Text("bits", "位")),
    ("blocks", Text("blocks", "块")),
    ("lanes", Text("lanes", "线程")),
    ("threads", Text("threads", "线程")),
    ("cores", Text("cores", "核")),
)
_OWN_UNITS = {  # where the unit in the key is not the whole story
    "datacopy_block_length_max_blocks": Text("32-byte blocks", "32 字节块"),
    "datacopy_gap_max_blocks": Text("32-byte blocks", "32 字节块"),
    "datacopypad_ub_gap_max_blocks": Text("32-byte blocks", "32 字节块"),
    "datacopy_block_count_max": Text("blocks", "块"),
    "datacopypad_block_count_max": Text("blocks", "块"),
}
_MISSING = Text("-: no public source gives it, or the target lacks it; ", "-：没有公开资料，或该产品不具备；")
_HINT = Text(
    "`portcheck targets {name}` gives sources and reasons", "来源和原因见 `portcheck targets {name}`"
)
_NONE = "-"
_COLUMN = 17  # the widest number, 1,099,511,627,775
_RANGE = Text("a..b: from the smallest to the largest product", "a..b：该系列最小型号到最大型号")


def render_table(
    profiles: Sequence[Target], style: Style | None = None, language: Language = Language.EN
) -> Iterator[str]:
    """All targets side by side; a key of words that are not short has a line a value instead."""
    style = style or Style()
    keys = _rows(profiles)
    cells = {k: tuple(_value(t, k, language) for t in profiles) for k in keys}
    words = {k for k in keys if max(map(columns, cells[k])) > _COLUMN}
    names = tuple(t.name for t in profiles)
    first = max(map(len, keys))
    short = [cells[k] for k in keys if k not in words]
    widths = [max(map(columns, column)) for column in zip(names, *short, strict=True)]
    heads = "  ".join(_left(name, width) for name, width in zip(names, widths, strict=True))
    yield f"{padded(_TARGET.said(language), first + 2)}  {heads}"
    for title, members in _grouped(keys):
        yield ""
        yield style("heading", title.said(language))
        for key in members:
            if key in words:
                yield from _worded(key, cells[key], names, first, _unit(key, language), style)
                continue
            row = "  ".join(_left(c, w) for c, w in zip(cells[key], widths, strict=True))
            yield f"  {style('kind', key.ljust(first))}  {row}  {_unit(key, language)}".rstrip()
    yield ""
    yield style("quiet", _RANGE.said(language))
    yield style("quiet", _MISSING.said(language) + _HINT.fill(language, name=names[0]))


def render_target(
    target: Target, style: Style | None = None, language: Language = Language.EN
) -> Iterator[str]:
    """One target: each key with its value and source, or with the reason why there is none."""
    style = style or Style()
    yield f"{style('heading', target.name)}  {safe(target.title)}"
    yield f"  {_PRODUCTS.said(language)}  {safe(', '.join(target.products))}"
    width = max(map(len, target.keys))
    for title, members in _grouped(_in_order([target])):
        yield ""
        yield style("heading", title.said(language))
        for key in members:
            unit = "" if target.value(key) is None else _unit(key, language)
            value = f"{_value(target, key, language)} {unit}".rstrip()
            yield f"  {style('kind', key.ljust(width))}  {safe(value)}"
            note = target.note(key, language) or target.reason(key, language)
            if note:
                yield f"      {safe(note)}"
            for source in (target.source(key) or "").split("; "):
                if source:
                    yield style("quiet", f"      {safe(source)}")


# -- keys ----------------------------------------------------------------------------------


def _rows(profiles: Sequence[Target]) -> list[str]:
    """The rows of the table: the keys in their order, `x_min` and `x_max` as one `x_min..max`."""
    keys = _in_order(profiles)
    rows = []
    for key in keys:
        base = key.removesuffix("_min")
        if key.endswith("_max") and f"{key.removesuffix('_max')}_min" in keys:
            continue
        rows.append(f"{key}..max" if base != key and f"{base}_max" in keys else key)
    return rows


def _in_order(profiles: Iterable[Target]) -> list[str]:
    """The keys as the fullest profile lists its values, then what others add."""
    found: dict[str, None] = {}
    for target in sorted(profiles, key=lambda t: -len(t.values)):
        found.update(dict.fromkeys(v.key for v in target.values))
    for target in profiles:
        found.update(dict.fromkeys(key for key, _ in target.unsourced))
    return list(found)


def _grouped(keys: Sequence[str]) -> Iterator[tuple[Text, list[str]]]:
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(_group(key).en, []).append(key)
    for title in (*(title for title, _ in _GROUPS), _REST):
        if title.en in found:
            yield title, found[title.en]


def _group(key: str) -> Text:
    fits = [(len(start), title) for title, starts in _GROUPS for start in starts if key.startswith(start)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else _REST


def _unit(key: str, language: Language) -> str:
    if key in _OWN_UNITS:
        return _OWN_UNITS[key].said(language)
    parts = re.split(r"[_.]+", key)
    return next((text.said(language) for unit, text in _UNITS if unit in parts), "")


# -- values --------------------------------------------------------------------------------


def _value(target: Target, key: str, language: Language) -> str:
    base, both, _ = key.partition("_min..max")
    if both:
        low, high = (_value(target, f"{base}_{end}", language) for end in ("min", "max"))
        return low if low == high else f"{low}..{high}"
    value = target.value(key)
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return (_YES if value else _NO).said(language)
    return value if isinstance(value, str) else str(value) if key == "npu_arch" else f"{value:,}"


def _worded(
    key: str, cells: Sequence[str], names: Sequence[str], width: int, unit: str, style: Style
) -> Iterator[str]:
    """A line a value, with the targets that have it."""
    owners: dict[str, list[str]] = {}
    for name, value in zip(names, cells, strict=True):
        owners.setdefault(value, []).append(name)
    label = key.ljust(width)
    for value, having in owners.items():
        whose = f"{' '.join(having)}: " if len(owners) > 1 else ""
        yield f"  {style('kind', label)}  {whose}{safe(value)} {'' if value == _NONE else unit}".rstrip()
        label = " " * width


def _left(text: str, width: int) -> str:
    """The text at the right end of its column: numbers are compared by their last digits."""
    return " " * (width - columns(text)) + text
