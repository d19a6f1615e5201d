"""What `check` found, one format a file; a format's name is the name of its module.

Each module has `render(checked, presentation)`, which gives the report's lines.
"""
