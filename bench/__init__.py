"""How fast we are, as ratios to the least that could do the same: run by hand, `python -m bench`."""
