"""Made-up addresses and telephone numbers.

Streets are invented. Postcodes have a real outward part, so that a borough is plausible, and an
inward part with letters that Royal Mail never uses there (C, I, K, M, O, V), so that no real
address can be hit. Telephone numbers are from Ofcom's ranges for drama.
"""

from __future__ import annotations

from dataclasses import dataclass

from region.chance import Chance

_OUTWARD = {
    "Lewisham": ("SE4", "SE6", "SE8", "SE13", "SE14", "SE23", "SE26"),
    "Greenwich": ("SE3", "SE7", "SE9", "SE10", "SE18", "SE28"),
    "Bexley": ("DA5", "DA6", "DA7", "DA8", "DA14", "DA15", "DA16"),
}
_TOWN = {
    "SE4": "Brockley", "SE6": "Catford", "SE8": "Deptford", "SE13": "Lewisham",
    "SE14": "New Cross", "SE23": "Forest Hill", "SE26": "Sydenham", "SE3": "Blackheath",
    "SE7": "Charlton", "SE9": "Eltham", "SE10": "Greenwich", "SE18": "Woolwich",
    "SE28": "Thamesmead", "DA5": "Bexley", "DA6": "Bexleyheath", "DA7": "Bexleyheath",
    "DA8": "Erith", "DA14": "Sidcup", "DA15": "Sidcup", "DA16": "Welling",
}  # fmt: skip
#: Letters that no inward code uses (Royal Mail, Programmers' Guide to the PAF).
NEVER_INWARD = "CIKMOV"
_STREETS = (
    "Chandler's Reach", "Ropemaker Gardens", "Quaggy Bank", "Marlpit Row", "Ferrybridge Terrace",
    "Old Orchard Walk", "Cooperage Lane", "Plumtree Rise", "Saltpetre Road", "Windlass Street",
    "Heronsmere Close", "Tannery Field Road", "Fuller's Acre", "Limeburner Street",
    "Copperas Wharf Road", "Hopgarden Avenue", "Kiln Meadow", "Bellmaker Crescent",
    "Osier Bed Lane", "Sailcloth Street", "Nine Elms Paddock", "Draywain Road",
    "Greenshank Drive", "Barley Mow Terrace", "Pinnace Court Road", "Lanternhill Gardens",
)  # fmt: skip
_BLOCKS = ("Juniper House", "Trafalgar Point", "Seacole Court", "Equiano House", "Rennie Tower")


@dataclass(frozen=True, slots=True)
class Address:
    """An address of nobody: lines, then the postcode."""

    lines: tuple[str, ...]
    postcode: str
    borough: str


def make_address(chance: Chance, borough: str) -> Address:
    """An invented address in the borough."""
    outward = chance.pick(_OUTWARD[borough])
    inward = f"{chance.randrange(1, 10)}{chance.pick(NEVER_INWARD)}{chance.pick(NEVER_INWARD)}"
    street = f"{chance.randrange(1, 160)} {chance.pick(_STREETS)}"
    lines = [street, _TOWN[outward], "London" if outward.startswith("SE") else "Kent"]
    if chance.happens(0.3):
        lines.insert(0, f"Flat {chance.randrange(1, 40)}, {chance.pick(_BLOCKS)}")
    return Address(tuple(lines), f"{outward} {inward}", borough)


def drama_landline(key: str) -> str:
    """A London number of Ofcom's drama range (020 7946 0000 to 0999), fixed for the key."""
    return f"020 7946 0{Chance(f'landline:{key}').randrange(1000):03d}"


def drama_mobile(chance: Chance) -> str:
    """A mobile number of Ofcom's drama range (07700 900000 to 900999)."""
    return f"07700 900{chance.randrange(1000):03d}"
