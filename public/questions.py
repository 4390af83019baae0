"""Which question of the public form comes next, and how the answers are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from consent.asking import Typed
from consent.requests import ForWhom
from consent.vocabulary import Answer, DecidedBy
from public.forms import (
    AskerForm,
    BirthDateForm,
    ContactForm,
    ForWhomForm,
    NameForm,
    NumberForm,
    WantsForm,
)
from ui.formatting import nhs_number, prose_date
from ui.forms import NhsForm

Answers = Mapping[str, str]

#: After the last question: the effect, the answers, and the button that sends them.
CHECK = "check"


@dataclass(frozen=True, slots=True)
class Question:
    """One page of the form. ``other`` is its heading where it is about somebody else."""

    slug: str
    form: type[NhsForm]
    own: str
    other: str
    asked: Callable[[Answers], bool] = lambda _answers: True

    def heading(self, answers: Answers) -> str:
        """Its heading, of oneself or of another."""
        return self.other if is_for_another(answers) else self.own

    def is_answered(self, answers: Answers) -> bool:
        """Whether all of it has been answered."""
        return all(name in answers for name in self.form.base_fields)


@dataclass(frozen=True, slots=True)
class Told:
    """One answer to check, and the question that changes it."""

    label: str
    words: str
    slug: str


def is_for_another(answers: Answers) -> bool:
    """Whether somebody asks for another."""
    return answers.get("for_whom") == ForWhom.OTHER


QUESTIONS = (
    Question("wants", WantsForm, "", ""),
    Question("for-whom", ForWhomForm, "", ""),
    Question("you", AskerForm, "", "About you", is_for_another),
    Question("name", NameForm, "What is your name?", "What is their name?"),
    Question(
        "birth-date", BirthDateForm, "What is your date of birth?", "What is their date of birth?"
    ),
    Question("number", NumberForm, "What is your NHS number?", "What is their NHS number?"),
    Question("contact", ContactForm, "How can we reach you?", "How can we reach you?"),
)


def question(slug: str) -> Question | None:
    """The question with this name."""
    return next((each for each in QUESTIONS if each.slug == slug), None)


def next_one(answers: Answers) -> Question | None:
    """The first that is asked and not answered; ``None`` when none is left."""
    return next(
        (each for each in QUESTIONS if each.asked(answers) and not each.is_answered(answers)), None
    )


def one_before(slug: str, answers: Answers) -> Question | None:
    """The question before this one, for going back."""
    asked = [each for each in QUESTIONS if each.asked(answers)]
    if slug == CHECK:
        return asked[-1]
    at = [each.slug for each in asked].index(slug)
    return asked[at - 1] if at else None


def kept(answers: Answers) -> dict[str, str]:
    """The answers without what no longer belongs to them."""
    gone = {name for each in QUESTIONS if not each.asked(answers) for name in each.form.base_fields}
    return {name: value for name, value in answers.items() if name not in gone}


def initial(each: Question, answers: Answers) -> dict[str, object]:
    """What was answered before, as a question's form shows it."""
    shown: dict[str, object] = {name: answers.get(name) for name in each.form.base_fields}
    if answers.get("birth_date") and "birth_date" in shown:
        shown["birth_date"] = date.fromisoformat(answers["birth_date"])
    return shown


def typed(answers: Answers) -> Typed:
    """What was typed, as it is handed in; call it when everything is answered."""
    return Typed(
        family_name=answers["family_name"],
        given_name=answers["given_name"],
        birth_date=date.fromisoformat(answers["birth_date"]),
        nhs_number=answers["nhs_number"],
        postcode=answers["postcode"],
        phone=answers["phone"],
        asker_name=answers.get("asker_name", ""),
        authority=answers.get("authority", ""),
        evidence=answers.get("evidence", ""),
    )


def told(answers: Answers) -> list[Told]:
    """The answers to check."""
    rows = [
        Told(
            "What you want to do",
            "Opt out of Connect Care"
            if answers["wants"] == Answer.REFUSES
            else "Opt back in to Connect Care",
            "wants",
        ),
        Told(
            "Who it is about",
            "Somebody you may decide for" if is_for_another(answers) else "You",
            "for-whom",
        ),
    ]
    if is_for_another(answers):
        rows += [
            Told("Your name", answers["asker_name"], "you"),
            Told("Why you may decide", str(DecidedBy(answers["authority"]).label), "you"),
            Told("What you can show us", answers["evidence"], "you"),
        ]
    whose = "Their" if is_for_another(answers) else "Your"
    name = f"{answers['given_name']} {answers['family_name']}"
    return [
        *rows,
        Told(f"{whose} name" if whose == "Their" else "Name", name, "name"),
        Told("Date of birth", prose_date(date.fromisoformat(answers["birth_date"])), "birth-date"),
        Told(
            "NHS number",
            nhs_number(answers["nhs_number"]) if answers["nhs_number"] else "Not given",
            "number",
        ),
        Told("Phone number", answers["phone"] or "Not given", "contact"),
        Told("Postcode", answers["postcode"] or "Not given", "contact"),
    ]
