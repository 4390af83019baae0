"""Words that cannot say where anybody is: what may be shown of a detail that is free text.

A list of what is safe, not of what is not: a word that nobody thought of is kept back.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")


def is_plain(words: str) -> bool:
    """Whether every word is one of a short list: no name and no place is."""
    return all(word in _PLAIN for word in _WORD.findall(words.casefold()))


#: Words of doses, reactions, and of how sure something is. None of them names anybody or anywhere.
_LISTED = """
a about above accident active actuation actuations administer after allergic amended ampoule
ampoules an anaphylaxis and angioedema appended applied apply april area as assessed asthma at
august be bed bedtime before below bipolar both breakfast breathlessness bronchospasm by
cancelled capsule capsules chew chewed cm cold completed confirmed corrected cough could course
cream current d daily day days december diarrhoea differential dinner directed dissolve
dissolved do done dose doses draft drop drops each ear ears eczema end entered error evening
every eye eyes false fatal february fever final finished five food for fortnight found four
friday from g gel given goal gram grams had half harm headache high hives hold hour hourly hours
hypotension if in inactive infusion inhalation inhale inhaled inhaler inject injection insert
into intolerance intramuscular intramuscularly intravenous intravenously is it itch itching iu
january july june kg known l lasts left less life litre litres loading long loss low lunch
lunchtime maintenance march max maximum may mcg meal meals mg micro microgram micrograms midday
mild millilitre millilitres min minute minutes ml mmol moderate monday month monthly months more
morning mouth much nasal nausea need needed needs negative night nocte none nostril nostrils not
november now o october of off ointment om on once one onhold option or oral orally other out over
pack packs pain past patch patches per pessary plan po positive powder preliminary prn proposal
provisional puff puffs q qds rash rate reaction rectal recurrence refuted registered relapse
remission resolved right risk route ruled sachet sachets sc second seconds september serious
severe severity shock short six skin so solution spoonful spoonfuls spray sprays stat stop
stopped subcutaneous subcutaneously sublingual sunday supplied suppository suspension swallow
swallowed swelling syringe syringes tablet tablets take taken tbsp tds teaspoon ten the then
three thursday time times to tongue topical topically tsp tuesday twice two unconfirmed under
unit units unknown unlikely until up urticaria use vaginal vial vials vomiting water wednesday
week weekly weeks weight wheeze wheezing when whole with without x year years zero
"""
_PLAIN = frozenset(_LISTED.split())
