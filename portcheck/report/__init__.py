"""What a scan found, in the formats that people and programs read: one file a format.

Each renderer takes a finished `ScanResult` and yields the lines of its report; nothing is
found out here. Renderers are imported where they are needed, not from this package.
"""
