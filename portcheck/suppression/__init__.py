"""Findings that count no more, and who said so: comments in the source, decisions, a baseline."""
