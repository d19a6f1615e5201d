"""The symbolic reading of a kernel's stores; `archetypes.dataflow` is its face."""
