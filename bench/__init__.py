"""Measurements, run by hand. Ratios within one run, never a promise about a machine."""
