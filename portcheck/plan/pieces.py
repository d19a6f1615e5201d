"""The pieces of a tree with their fingerprints, without making a plan.

Only the code is read and divided: no rule is evaluated. Findings decide which helpers and host files are
items of a plan at all, so here all are.
"""

from __future__ import annotations

from portcheck.pack.subjects import View
from portcheck.plan.items import Inventory
from portcheck.plan.ported import Piece, Pieces


def pieces(view: View) -> Pieces:
    """Every piece that a plan of this tree could have as an item, with the plan's fingerprint."""
    reading = view.analysis.reading
    drafts = Inventory(view, (), complete=True).drafts.values()
    return Pieces(
        str(reading.collection.root),
        len(reading.parsed),
        tuple(reading.collection.skipped),
        tuple(Piece(d.id, d.fingerprint, d.place) for d in drafts),
    )
