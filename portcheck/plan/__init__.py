"""The migration plan: which operators exist already for what a tree does, and how much the rest is.

`build.build_plan` makes it. Of its parts, `instances.instantiated` reads what kernels of a
mixture-of-experts layer are launched with; `matching.match` holds that against the limits of operators,
`matching.layer` names the operators of all stages. `features.Measures` counts what a kernel consists of;
`effort.estimate` turns that into ranges of lines and days, `effort.accuracy` says how far the same
estimates are from real ports. `ported` tells what was ported from code that has changed since.
"""
