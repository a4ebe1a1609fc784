"""Synthetic clips whose motion is known exactly: the lab's ground truth and its first picture."""
