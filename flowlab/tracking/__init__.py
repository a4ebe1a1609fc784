"""Following things from frame to frame: points with their trails."""
