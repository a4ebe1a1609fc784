"""What stays on disk: clips, answers and sample clips, under one home folder with a quota."""
