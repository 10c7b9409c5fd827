"""The performance matrix: how well each model does at what, learnt from outcomes. It chooses nothing."""
