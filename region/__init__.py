"""A made-up region: its people and what ten organisations hold about them.

Pure Python with no framework: :mod:`region.make_region` makes a :class:`region.model.Region`
from a seed, and :mod:`region.writers` writes it in the formats that sources send. Nobody in it
exists: NHS numbers begin 999, streets and postcodes are invented, telephone numbers are from
the ranges that Ofcom keeps for drama.
"""
