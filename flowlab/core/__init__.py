"""What everything else stands on: clips, parameters, resampling and geometry."""
