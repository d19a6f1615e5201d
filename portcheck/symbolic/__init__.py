"""Pure mathematics: integer expressions, congruences, bounds, and what follows from premises."""
