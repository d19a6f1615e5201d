"""What the Ascend targets can do, what they ask of a transfer, and what the proofs take for granted."""

from portcheck.targets.assumptions import AssumptionError, Assumptions, assumptions
from portcheck.targets.reading import RuleDataError
from portcheck.targets.requirement import Kind, Quantity, Requirement, Severity
from portcheck.targets.requirement_reading import requirements
from portcheck.targets.target import Target, targets
from portcheck.targets.text import Language

__all__ = [
    "AssumptionError",
    "Assumptions",
    "Kind",
    "Language",
    "Quantity",
    "Requirement",
    "RuleDataError",
    "Severity",
    "Target",
    "assumptions",
    "requirements",
    "targets",
]
