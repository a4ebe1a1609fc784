"""Runs functions in other processes. Knows nothing of flow, clips or pages."""
