"""Clips in, pictures and numbers out: every decoder and encoder lives here."""
