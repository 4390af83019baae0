"""Made-up names, as various as south-east London's.

Each community has its own given and family names, so that a name hangs together; households
share a family name where that is the custom. Accents, apostrophes, hyphens, two-part surnames
and mononyms are there on purpose: systems break on them.
"""

from __future__ import annotations

from dataclasses import dataclass

from region.chance import Chance


@dataclass(frozen=True, slots=True)
class Community:
    """A pool of names with its weight, ethnic category and languages besides English."""

    ethnicity: str
    weight: float
    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]
    language: str = "en"
    speaks_little_english: float = 0.0
    old_female: tuple[str, ...] = ()
    old_male: tuple[str, ...] = ()
    mononyms: tuple[str, ...] = ()


COMMUNITIES = (
    Community(
        "White: English, Welsh, Scottish, Northern Irish or British", 44.0,
        ("Charlotte", "Emily", "Lucy", "Hannah", "Zoë", "Chloë", "Rebecca", "Sian", "Kirsty",
         "Gemma", "Laura", "Poppy", "Isla", "Freya", "Megan", "Natalie", "Jodie", "Tamsin"),
        ("Jack", "Oliver", "Thomas", "Daniel", "Matthew", "Lewis", "Callum", "Ryan", "Gareth",
         "Stuart", "Liam", "Alfie", "Harry", "Luke", "Aaron", "Connor", "Ross", "Toby"),
        ("Ashdown", "Barrowclough", "Carter", "Dunmore", "Ellery", "Fenwick", "Garside",
         "Hollingsworth", "Ives", "Jessop", "Kershaw", "Lambert", "Marchbank", "Norwood",
         "Osgood", "Penhaligon", "Quick", "Rudd", "Smith-Harker", "Thorne", "Underhill",
         "Vickers", "Whitlock", "Yardley", "Llewellyn", "MacGregor", "St John", "Lee"),
        old_female=("Doreen", "Maureen", "Sheila", "Jean", "Beryl", "Edna", "Joan", "Pauline",
                    "Brenda", "Iris", "Vera", "Rita", "Hazel", "Gwen"),
        old_male=("Ronald", "Derek", "Kenneth", "Stanley", "Norman", "Raymond", "Leonard",
                  "Dennis", "Gordon", "Alan", "Brian", "Reginald", "Cyril", "Roy"),
    ),
    Community(
        "White: Irish", 4.0,
        ("Aoife", "Niamh", "Ciara", "Róisín", "Orla", "Siobhán"),
        ("Cormac", "Oisín", "Declan", "Eoin", "Pádraig", "Fergal"),
        ("O'Sullivan", "O'Brien", "McDonagh", "Ní Bhriain", "Gallagher", "O'Dowd", "Keane"),
        old_female=("Bridget", "Kathleen", "Nuala", "Philomena"),
        old_male=("Patrick", "Seamus", "Brendan", "Michael"),
    ),
    Community(
        "Black, Black British, Caribbean or African: African", 15.0,
        ("Adaeze", "Folasade", "Ngozi", "Abena", "Efua", "Temitope", "Chiamaka", "Wanjiru",
         "Aminata", "Zainab", "Oluwaseun", "Precious", "Blessing", "Mercy"),
        ("Chukwuemeka", "Babatunde", "Kwabena", "Kofi", "Ayodele", "Tendai", "Olumide",
         "Emeka", "Sékou", "Ibrahim", "Samuel", "Emmanuel", "Kwame", "Tobi"),
        ("Adeyemi", "Okonkwo", "Mensah", "Boateng", "Afolabi", "Eze", "Nwosu", "Kamara",
         "Osei-Bonsu", "Mwangi", "Diallo", "Owusu", "Balogun", "Oyelaran", "N'Diaye"),
        old_female=("Comfort", "Grace", "Felicia", "Victoria"),
        old_male=("Joseph", "Solomon", "Augustine", "Isaac"),
    ),
    Community(
        "Black, Black British, Caribbean or African: Caribbean", 9.0,
        ("Shanice", "Jada", "Monique", "Keisha", "Renée", "Simone", "Tianna", "Camille"),
        ("Jermaine", "Marlon", "Dwayne", "Tyrone", "Andre", "Leon", "Reuben", "Kyle"),
        ("Campbell", "Grant", "Francis", "Brathwaite", "Pinnock", "St. Louis", "Gordon",
         "Baptiste", "Morrison", "Clarke", "Thompson", "Henry-James"),
        old_female=("Hyacinth", "Gloria", "Merlene", "Icilda", "Pearl", "Daphne"),
        old_male=("Winston", "Neville", "Carlton", "Desmond", "Vivian", "Errol"),
    ),
    Community(
        "Asian or Asian British: Indian", 6.0,
        ("Priya", "Harpreet", "Anjali", "Meera", "Simran", "Divya", "Kavita"),
        ("Rajesh", "Gurpreet", "Arjun", "Vikram", "Harjit", "Nikhil", "Sanjay"),
        ("Patel", "Singh", "Kaur Gill", "Sharma", "Iyer", "Desai", "Chandrasekaran"),
        "pa", 0.25,
        old_female=("Kamala", "Surinder", "Pushpa", "Shanta"),
        old_male=("Mohan", "Balbir", "Ramesh", "Suresh"),
    ),
    Community(
        "Asian or Asian British: Bangladeshi", 2.5,
        ("Nasrin", "Farhana", "Shirin", "Tahmina"), ("Rafiq", "Shahid", "Tanvir", "Jubair"),
        ("Begum", "Rahman", "Chowdhury", "Miah", "Uddin"), "bn", 0.35,
    ),
    Community(
        "Asian or Asian British: Pakistani", 2.5,
        ("Ayesha", "Saima", "Fatima", "Hina"), ("Imran", "Bilal", "Usman", "Tariq"),
        ("Hussain", "Khan", "Malik", "Qureshi", "Mahmood"), "ur", 0.2,
    ),
    Community(
        "Asian or Asian British: Chinese", 2.5,
        ("Mei Ling", "Xiu Ying", "Wai Yee", "Jing"), ("Jun Wei", "Chi Keung", "Hao", "Ka Ming"),
        ("Chan", "Wong", "Li", "Ng", "Zhang", "Ou-Yang"), "yue", 0.3,
    ),
    Community(
        "Asian or Asian British: Any other Asian background", 5.0,
        ("Thuy", "Nguyệt", "Sunita", "Maricel", "Pratima", "Tharshini"),
        ("Dũng", "Minh", "Bikram", "Rodel", "Suresh", "Kannan"),
        ("Nguyễn", "Trần", "Gurung", "Rai", "dela Cruz", "Thapa", "Sivakumar", "Phạm"),
        "ne", 0.35, mononyms=("Suharto", "Karthikeyan", "Nawang"),
    ),
    Community(
        "White: Any other White background", 7.0,
        ("Agnieszka", "Małgorzata", "Ioana", "Svetlana", "Inês", "María José", "Eleni"),
        ("Krzysztof", "Łukasz", "Andrei", "João", "José", "Giannis", "Søren"),
        ("Kowalczyk", "Wójcik", "Popescu", "García Fernández", "Ferreira da Silva",
         "Papadopoulos", "Jørgensen", "Müller", "D'Angelo", "van der Berg"),
        "pl", 0.2,
    ),
    Community(
        "Mixed or multiple ethnic groups: White and Black Caribbean", 3.0,
        ("Jasmine", "Leah", "Amelie", "Naomi"), ("Kieran", "Jordan", "Isaiah", "Theo"),
        ("Bennett", "Daley", "Fraser-Reid", "Walters", "D'Souza"),
    ),
    Community(
        "Other ethnic group: Arab", 2.0,
        ("Yasmin", "Huda", "Rania", "Salma"), ("Omar", "Khalid", "Youssef", "Hamza"),
        ("Al-Hashimi", "El-Sayed", "Haddad", "bin Yusuf", "Abdi"), "ar", 0.35,
    ),
)  # fmt: skip

_OLD = 68
#: Staff, apart from residents, so that nobody looks after themselves by accident of a name.
_STAFF_GIVEN = (
    "Amina", "Beatrice", "Catherine", "Dev", "Esther", "Farah", "Giles", "Helen", "Ikenna",
    "Julia", "Kerry", "Leila", "Marcus", "Nadia", "Oscar", "Philippa", "Quentin", "Ruth",
    "Sanjeev", "Tunde", "Ursula", "Vanessa", "Wesley", "Xanthe", "Yemi", "Zubair",
)  # fmt: skip
_STAFF_FAMILY = (
    "Abernethy", "Bakare", "Castellano", "Dhillon", "Ekwueme", "Fairbrother", "Goldsmith",
    "Hargreave", "Igwe", "Jayasuriya", "Kendrick", "Loxley", "Mohamud", "Nakamura", "Oduya",
    "Pemberton", "Rasool", "Stavrou", "Tillotson", "Umar", "Venn", "Wadsworth", "Yilmaz",
)  # fmt: skip


def make_community(chance: Chance) -> Community:
    """One of the communities, by weight."""
    return chance.weighted([(each, each.weight) for each in COMMUNITIES])


def given_names(chance: Chance, community: Community, sex: str, age: int) -> tuple[str, ...]:
    """One or two given names that suit the age."""
    pool = community.female if sex == "female" else community.male
    old = community.old_female if sex == "female" else community.old_male
    if age >= _OLD and old:
        pool = old
    first = chance.pick(pool)
    second = chance.pick(pool)
    return (first, second) if second != first and chance.happens(0.35) else (first,)


def family_name(chance: Chance, community: Community) -> str:
    """A family name of the community."""
    return chance.pick(community.family)


def title(chance: Chance, sex: str, age: int) -> str:
    """A title that suits age and sex."""
    if age < 18:
        return "Miss" if sex == "female" else "Master"
    if sex == "male":
        return "Mr"
    if age >= _OLD:
        return chance.weighted([("Mrs", 0.85), ("Miss", 0.1), ("Ms", 0.05)])
    return chance.weighted([("Ms", 0.45), ("Mrs", 0.35), ("Miss", 0.2)])


def staff_names(key: str, count: int = 3) -> tuple[str, ...]:
    """Names of ``count`` members of staff, fixed for the key (a team and a role)."""
    chance = Chance(f"staff:{key}")
    return tuple(f"{chance.pick(_STAFF_GIVEN)} {chance.pick(_STAFF_FAMILY)}" for _ in range(count))
