"""What `--help` says below the options: examples, exit codes and what a reader has to know."""

from __future__ import annotations

EXIT_CODES = """\
exit codes:
  0    analysed
  1    check: findings at or above --fail-on; ported: a port is behind its CUDA code;
       rules --test: an example fails; skeleton: conflicts with edits; verify: something is wrong
  2    usage: a missing path, an unknown option, an output that cannot be written
  3    nothing was analysed, or check: less than --coverage-floor could be read
  4    internal error; a file with the details is named
  130  interrupted"""

TOP = f"""\
examples:
  portcheck scan .                            what this tree does, line by line
  portcheck scan csrc --format sarif -o portcheck.sarif
  portcheck check csrc --target 910B          what breaks there, on which condition
  portcheck plan csrc --target 910B -o plan   what to port in which order, and how much it is
  portcheck ported                            what changed since its port was recorded
  portcheck skeleton csrc --target 910B -o port   Ascend C projects, one a kernel
  portcheck verify port                       compile and run them without hardware
  portcheck explain MTE003                    a rule; also: explain int4, explain cudaMemcpyAsync
  portcheck show kernels csrc                 kernels, launches, instantiations
  portcheck show transfers csrc               what moves, and what Ascend asks of it
  portcheck show memory csrc                  what stands where in shared memory, and what fits UB
  portcheck prove csrc/a.cu:120 'row_bytes'   is it a multiple of 32 there, and why

{EXIT_CODES}

portcheck COMMAND --help tells more of a command."""

SCAN = """\
examples:
  portcheck scan csrc include                 folders, single files, or both
  portcheck scan . --exclude 'third_party/'   leave a folder out
  portcheck scan . -D DISABLE_NVSHMEM -D ARCH=90
  portcheck scan . --kind tma_copy --kind mbarrier
  git ls-files '*.cu' '*.cuh' | portcheck scan --files-from -

kinds: """

CHECK = f"""\
The verdict of a finding is violated, depends (it fails where its condition is false), unknown
(not decided, and why) or holds. The text lists what does not hold; json and jsonl have it all.

A FOLDER is read and reported. A FILE is only what is reported: its headers and callers come from
the tree around it (--tree; else what the configuration includes; else its Git repository).
In the source, a comment suppresses a finding of its statement, or of the next line's:
  // portcheck: accept[MTE003] why            also deferred, ported, false-positive;
  accept-block[...] for a block in braces, accept-file[...] for the file

formats:
  full      for reading: a block a finding, then tables    concise   one line a finding
  json      everything, one document                       jsonl     one record a line
  sarif     code scanning, editors; SARIF 2.1.0            github    annotations of GitHub Actions
  gitlab    Code Quality of GitLab                         junit     test reports
  markdown  a comment on a pull request
-o takes FORMAT=FILE, FORMAT for standard output, or FILE for what --format says.

examples:
  portcheck check csrc                        all rules, all targets side by side
  portcheck check csrc -o sarif=out.sarif -o github
  portcheck check csrc --target 910B --fail-on slow
  portcheck check csrc --select MTE,QNT001 --ignore MTE005
  portcheck check csrc --rules our_rules      the rules of a folder as well
  portcheck check csrc --lang zh --summary
  portcheck check csrc/a.cu --diff HEAD       only what the change to this file introduces
  portcheck check csrc --write-baseline known.jsonl
  portcheck check csrc --baseline known.jsonl only what is new since then
  portcheck check csrc --set hidden=4096,7168 where the sizes are known
  portcheck check csrc --coverage-floor 95    fail where more than 5 % could not be read

{EXIT_CODES}"""

PLAN = f"""\
Writes index.html, plan.md and plan.json. The folder must be new, empty, or an earlier plan's:
then the report says what changed since, and portcheck-plan.toml there keeps what you decided.

examples:
  portcheck plan csrc --target 910B -o reports/910B
  portcheck plan . --target 950 -o plan950 --lang zh
  portcheck plan csrc --target 910C -o plan --rules our_rules
  portcheck plan csrc --target 910B -o plan --given batch_tokens=128 --given ranks=16
  portcheck plan csrc --target 910B -o plan --annotate copies

{EXIT_CODES}"""

SKELETON = f"""\
Each kernel becomes a folder: op_kernel, op_host, CMakeLists.txt, a test, and a README that says what is
finished and what is left. Run it again after changes: edits by hand are merged (with Git), and where
both sides changed nothing is overwritten and the exit code is 1.

examples:
  portcheck skeleton csrc --target 910B -o port
  portcheck skeleton csrc --target 950 -o port950 --kernel combine --kernel 'ns::*'
  portcheck skeleton csrc --target 910B -o port --diff

{EXIT_CODES}"""

VERIFY = f"""\
Needs a C++17 compiler (CXX, else c++, g++ or clang++); no CANN toolkit and no hardware. A violation
names the line of the project and the CUDA lines behind it. Outputs are compared with NumPy where a
project has a reference. The exit code is 1 where something is wrong.

examples:
  portcheck verify port                       every project in the folder
  portcheck verify port/combine --seeds 8

{EXIT_CODES}"""

PORTED = """\
portcheck-plan.toml says what is ported: a [[decision]] with for = "kernel:ns::name" (an item of the
plan), status = "ported" and a reason. --record writes the fingerprint of today's code beside each that
has none; from then on a change of that code, other than of comments and layout, is reported.
Each PATH, a ported file for example, stands for the nearest portcheck-plan.toml at or above it.

examples:
  portcheck ported                            what changed since its port was recorded
  portcheck ported --record                   record the code that was just ported
  portcheck ported ascend/dispatch.asc        by a file of the port
  portcheck ported --decisions port/plan.toml --tree csrc

exit codes:
  0    every port is up to date
  1    code changed, is gone, or was not recorded
  2    usage: no portcheck-plan.toml, or one that cannot be read as what it is
  4    internal error; a file with the details is named
  130  interrupted"""

CONFIG = f"""\
Settings stand in portcheck.toml, or in pyproject.toml under [tool.portcheck]. The nearest file at or
above the first path counts, and only that one; in one folder portcheck.toml wins. What the command
line says takes the place of what the file says; portcheck schema config describes every key.

examples:
  portcheck config                            the settings for this folder
  portcheck config csrc --select MTE          those of a command line with these options

{EXIT_CODES}"""

RULES = f"""\
examples:
  portcheck rules                             code, severity, name and title of every rule
  portcheck rules --select ALN
  portcheck rules --test --rules our_rules    run the examples of your own rules

{EXIT_CODES}"""

EXPLAIN = """\
examples:
  portcheck explain MTE003                    a rule, by code or name
  portcheck explain MTE                       a family of rules
  portcheck explain int4                      a topic
  portcheck explain cudaMemcpyAsync           a CUDA, NCCL, NVSHMEM or cuBLAS call
  portcheck explain apis                      the table of all calls
  portcheck explain datacopy-length --lang zh"""

TARGETS = """\
examples:
  portcheck targets                           side by side
  portcheck targets 910B                      each value with its source, each gap with its reason"""

SHOW = """\
examples:
  portcheck show facts csrc --format jsonl    one fact a line, then what was not read
  portcheck show facts csrc --kind vec_cast
  portcheck show calls csrc
  portcheck show transfers csrc               transfers, layouts, requirements, verdicts
  portcheck show memory csrc                  maps of shared memory, sizes, repairs, limits

kinds: """

PROVE = f"""\
A pointer counts as its offset in bytes from its base object. The answer is holds, violated
(with values), depends (with the exact condition) or unknown (with what stopped the proof);
each is an answer, and the exit code is 0. Put an expression that begins with - in parentheses.

examples:
  portcheck prove csrc/a.cu:120 'row_bytes'
  portcheck prove csrc/a.cu:120 'stage_ptr + 16' --mod 512
  portcheck prove csrc/a.cu:120 'n' --mod 4 --equals 2 --given 'hidden=7168' --given 'n > 0'
  portcheck prove csrc/a.cuh:31 'offset' --in combine --tree csrc --tree include

{EXIT_CODES}"""

SCHEMA = """\
examples:
  portcheck schema > scan-1.json              of scan, check and show
  portcheck schema proof
  portcheck schema config                     for an editor that completes portcheck.toml"""

COMPLETION = """\
examples:
  eval "$(portcheck completion bash)"         in ~/.bashrc
  portcheck completion zsh > ~/.zfunc/_portcheck
  portcheck completion fish > ~/.config/fish/completions/portcheck.fish"""

CACHE = f"""\
What scan, check and show find is kept under the digest of everything that it rests on: the bytes of
the files, the configuration, and portcheck's own code and rules. A change of any of these is another
name, so nothing is ever out of date; whatever is damaged is found anew. The folder holds at most
512 MiB, and what was not used for longest goes first. Only you can read and write it. Nothing is
kept where it cannot be written, under --no-cache, or with cache = false in the configuration.

environment:
  PORTCHECK_CACHE_DIR   the folder to use

examples:
  portcheck cache                             where it is, and what it holds
  portcheck cache clear

{EXIT_CODES}"""

EPILOGS = {
    "scan": SCAN,
    "check": CHECK,
    "plan": PLAN,
    "ported": PORTED,
    "skeleton": SKELETON,
    "verify": VERIFY,
    "config": CONFIG,
    "rules": RULES,
    "explain": EXPLAIN,
    "targets": TARGETS,
    "show": SHOW,
    "prove": PROVE,
    "cache": CACHE,
    "schema": SCHEMA,
    "completion": COMPLETION,
}
