"""Data in, pictures out: draws, never computes, never encodes.

`pixels` is the door to everything that returns arrays, `figures` to everything that returns Plotly
figures. Plotly takes half a second to import, so nothing else here imports it.
"""
