"""The migration plan: which operators exist already for what a tree does, and how much the rest is.

`instantiated` reads what kernels of a mixture-of-experts layer are launched with; `match` holds
that against the limits of operators, `layer` names the operators of all stages. `Measures`
counts what a kernel consists of; `estimate` turns that into ranges of lines and days, `accuracy`
says how far the same estimates are from real ports.
"""

from portcheck.plan.effort import Accuracy, Estimate, Span, accuracy, estimate, total
from portcheck.plan.features import Features, Measures, Nature
from portcheck.plan.instances import Instantiated, instantiated
from portcheck.plan.matching import Answer, Standing, layer, match
from portcheck.plan.operators import Operator, operators

__all__ = [
    "Accuracy",
    "Answer",
    "Estimate",
    "Features",
    "Instantiated",
    "Measures",
    "Nature",
    "Operator",
    "Span",
    "Standing",
    "accuracy",
    "estimate",
    "instantiated",
    "layer",
    "match",
    "operators",
    "total",
]
