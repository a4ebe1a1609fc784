"""Composes the parts: a clip by name, a pair of frames, an estimate, a view of it, a file."""
