"""Data in, pictures out: draws, never computes, never encodes.

`pixels` is the door to everything that returns arrays, `figures` (arrows over a picture) and `plots`
(curves and bars) to what returns Plotly figures. Plotly takes half a second to import, so nothing else
here imports it.
"""
