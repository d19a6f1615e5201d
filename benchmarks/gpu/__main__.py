"""python -m benchmarks.gpu instrument FOLDER --driver FILE.cu --out DIR; … compare DIR"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.gpu")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("instrument", help="write an instrumented copy and the program that runs it")
    one.add_argument("folder", type=Path)
    one.add_argument("--driver", type=Path, action="append", required=True, help="runs the folder's code")
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    two = commands.add_parser("compare", help="take the statements to what was recorded")
    two.add_argument("out", type=Path, metavar="DIR")
    two.add_argument("--records", type=Path, help="default: DIR/records.txt")
    two.add_argument("--all", action="store_true", help="list every statement")
    given = parser.parse_args()
    if given.command == "instrument":
        from benchmarks.gpu.instrument import instrument

        given.out.mkdir(parents=True, exist_ok=True)
        made = instrument(given.folder, given.driver, given.out)
        left = [s for s in made.sites.values() if s.problem]
        print(f"{len(made.sites)} sites, {len(made.calls)} calls, {len(made.kernels)} kernels")
        for site in left:
            print(f"not instrumented: {site.place} {site.text}: {site.problem}")
        for place, why in made.bad_calls.items():
            print(f"call not instrumented: {place}: {why}")
        return 0
    from benchmarks.gpu.compare import compare

    return compare(given.out, given.records or given.out / "records.txt", given.all)


if __name__ == "__main__":
    sys.exit(main())
