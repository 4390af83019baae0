"""A resident's right to all that is held of them: one pack, reviewed first, fetched once.

The request and its clock (``requests``, ``clock``), what is set aside for review (``parts``), what
is held (``held``), and the pack that is made of it in the background (``packing``, ``bundle``,
``paper``). Why it is so: docs/adr/0047.
"""
