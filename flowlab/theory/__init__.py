"""The numbers behind each step of the derivation, computed from core, dense, tracking and scenes."""
