"""Score `portcheck show facts` against a hand-checked key.

    python benchmarks/score_facts.py KEY.jsonl FACTS.jsonl [--misses]

The key and the facts are JSON lines with `path`, `line` and `kind`. Matching is one to one,
same kind, within one line, nearest first. Key rows whose detail begins with `[borderline]`
or `[def]` count neither way: they may be matched, and a miss of them is no miss.
Precision looks only at files that the key covers, and at facts that are uses: a fact marked
`definition` (the body of a wrapper) counts neither way.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

NEUTRAL = ("[borderline]", "[def]")


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def match(key: list[dict], facts: list[dict]) -> tuple[list[tuple[dict, dict]], list[dict], list[dict]]:
    """Pairs, unmatched key rows and unmatched facts of one file and kind."""
    candidates = sorted(
        (
            (abs(int(k["line"]) - int(f["line"])), is_neutral(k), i, j)
            for i, k in enumerate(key)
            for j, f in enumerate(facts)
            if abs(int(k["line"]) - int(f["line"])) <= 1
        ),
    )
    used_key: set[int] = set()
    used_facts: set[int] = set()
    pairs = []
    for _, _, i, j in candidates:
        if i not in used_key and j not in used_facts:
            used_key.add(i)
            used_facts.add(j)
            pairs.append((key[i], facts[j]))
    return (
        pairs,
        [k for i, k in enumerate(key) if i not in used_key],
        [f for j, f in enumerate(facts) if j not in used_facts],
    )


def is_neutral(row: dict) -> bool:
    return str(row.get("detail", "")).startswith(NEUTRAL)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("key", type=Path)
    parser.add_argument("facts", type=Path)
    parser.add_argument("--misses", action="store_true", help="list what was missed and what was too much")
    parser.add_argument("--kind", action="append", help="only these kinds")
    options = parser.parse_args()
    key, facts = read(options.key), read(options.facts)
    paths = {row["path"] for row in key}
    by_kind: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(lambda: ([], [])))
    for row in key:
        by_kind[str(row["kind"])][str(row["path"])][0].append(row)
    for row in facts:
        if row["path"] in paths and str(row["kind"]) in by_kind:
            by_kind[str(row["kind"])][str(row["path"])][1].append(row)
    print(f"{'kind':16} {'key':>5} {'found':>6} {'recall':>7} {'facts':>6} {'right':>6} {'precision':>9}")
    for kind in sorted(by_kind):
        if options.kind and kind not in options.kind:
            continue
        wanted = found = right = wrong = 0
        lines: list[str] = []
        for path in sorted(by_kind[kind]):
            rows, given = by_kind[kind][path]
            pairs, missed, extra = match(rows, given)
            counted = [p for p in pairs if not is_neutral(p[0])]
            wanted += sum(not is_neutral(r) for r in rows)
            found += len(counted)
            right += len(counted)
            extra = [
                f
                for f in extra
                if not f.get("definition")
                and not any(is_neutral(r) and abs(int(r["line"]) - int(f["line"])) <= 1 for r in rows)
            ]
            wrong += len(extra)
            lines += [
                f"  missed {r['path']}:{r['line']} {r['detail'][:90]}" for r in missed if not is_neutral(r)
            ]
            lines += [f"  extra  {f['path']}:{f['line']} {f['detail'][:110]}" for f in extra]
        recall = found / wanted if wanted else 1.0
        precision = right / (right + wrong) if right + wrong else 1.0
        print(f"{kind:16} {wanted:5} {found:6} {recall:7.3f} {right + wrong:6} {right:6} {precision:9.3f}")
        if options.misses:
            print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
