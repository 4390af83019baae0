"""Choices with the words for them, as Django has them, but without Django.

A large delivery is mapped by a process of its own, and importing Django's takes it longer than
mapping some thousands of items.
"""

from __future__ import annotations

from enum import Enum, EnumType, IntEnum, StrEnum
from typing import Any, Self


class _Choices(EnumType):
    """What is asked of all of them together."""

    @property
    def choices(cls) -> list[tuple[Any, str]]:
        """Each value with its words, as a model's field takes them."""
        members: list[Any] = list(cls)
        return [(member.value, member.label) for member in members]

    @property
    def values(cls) -> list[Any]:
        """Each value."""
        return [value for value, _ in cls.choices]

    def __contains__(cls, value: object) -> bool:
        """Whether it is one of them, or the value of one."""
        return super().__contains__(value) if isinstance(value, Enum) else value in cls.values


class Numbers(IntEnum, metaclass=_Choices):
    """Choices that are numbers, each given with its words; ``Numbers(3)`` is the one of a value."""

    label: str

    def __new__(cls, value: Any, label: str = "") -> Self:
        """Keep the words beside the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Words(StrEnum, metaclass=_Choices):
    """Choices that are words for the machine, each given with its words for people."""

    label: str

    def __new__(cls, value: Any, label: str = "") -> Self:
        """Keep the words beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member
