"""A day in the region: sources that go on sending while somebody watches.

``python -m region.day`` sends now and then what a trust, a practice, an out-of-hours provider or a
council would send, by the wire or folder that each of them uses. It is about made-up residents
whom no document and no test names, and never about the people of note.
"""
