"""The two ways in which a mapper declines a resource.

A mapper returns what it made, or raises one of these. The reason is shown and counted, so it
names what is wrong and where, and never a value out of the resource.
"""


class CannotMapError(Exception):
    """The resource must be looked at by a person: it becomes ``Held`` with this reason."""


class NotPartOfRecordError(Exception):
    """The resource is sound but says nothing for a resident's record: ``PassedOver``."""
