"""NEWS2, so that made-up observations and their score agree (Royal College of Physicians 2017)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """One set of observations of an adult: per minute, %, degrees Celsius, mmHg, beats/min."""

    respiratory_rate: int
    saturation: int
    on_oxygen: bool
    temperature: float
    systolic: int
    pulse: int
    alert: bool = True


def _band(value: float, bands: tuple[tuple[float, int], ...], above: int) -> int:
    """The points of the first band whose upper limit is not below ``value``."""
    for limit, points in bands:
        if value <= limit:
            return points
    return above


def news2(signs: VitalSigns) -> int:
    """The aggregate NEWS2 score, with the first oxygen saturation scale."""
    return (
        _band(signs.respiratory_rate, ((8, 3), (11, 1), (20, 0), (24, 2)), 3)
        + _band(signs.saturation, ((91, 3), (93, 2), (95, 1)), 0)
        + (2 if signs.on_oxygen else 0)
        + _band(signs.temperature, ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1)), 2)
        + _band(signs.systolic, ((90, 3), (100, 2), (110, 1), (219, 0)), 3)
        + _band(signs.pulse, ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2)), 3)
        + (0 if signs.alert else 3)
    )
