"""Which files to read, and how to decode them. Knows nothing of CUDA but a content test."""

from portcheck.source.discovery import discover
from portcheck.source.file import SourceFile
from portcheck.source.lines import LineIndex
from portcheck.source.loading import Collection, collect, load
from portcheck.source.model import Candidate, Discovery, Patterns, Skipped, SourceError
from portcheck.source.place import Place
from portcheck.source.reading import MAX_FILE_BYTES, read

__all__ = [
    "MAX_FILE_BYTES",
    "Candidate",
    "Collection",
    "Discovery",
    "LineIndex",
    "Patterns",
    "Place",
    "Skipped",
    "SourceError",
    "SourceFile",
    "collect",
    "discover",
    "load",
    "read",
]
