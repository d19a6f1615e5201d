"""What checks say of alignment, against what the code and the target need."""

from __future__ import annotations
