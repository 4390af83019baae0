"""The proof of effect: asking, as those who could otherwise read, whether a refusal holds.

``jobs`` says what is asked when and keeps the answers; ``asking`` puts one question together out of
``readers`` (who could otherwise read), ``walls`` (each wall by itself) and ``doors`` (each
registered door). Whatever is asked, is asked in transactions that are rolled back, and only counts
leave them (docs/adr: the proof of effect). It stands above the domain, like views and tasks.
"""
