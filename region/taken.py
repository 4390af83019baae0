"""Which of many numbers are taken: one bit each, so that memory does not grow with people."""

from __future__ import annotations


class Taken:
    """A set of whole numbers from ``first`` to below ``end``; others are never in it."""

    def __init__(self, first: int, end: int) -> None:
        self._first = first
        self._end = end
        self._bits = bytearray((end - first) // 8 + 1)

    def __contains__(self, number: object) -> bool:
        """Whether it is taken."""
        if not isinstance(number, int) or not self._first <= number < self._end:
            return False
        place = number - self._first
        return bool(self._bits[place >> 3] & 1 << (place & 7))

    def add(self, number: int) -> None:
        """Take a number. Raises IndexError for one outside of the range."""
        if not self._first <= number < self._end:
            message = "this number is outside of those that can be taken"
            raise IndexError(message)
        place = number - self._first
        self._bits[place >> 3] |= 1 << (place & 7)
