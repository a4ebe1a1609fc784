"""The scene `street`: a town street in the afternoon, filmed by a camera that glides and sways."""
