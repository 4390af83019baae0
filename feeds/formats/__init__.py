"""The forms in which deliveries arrive. Each one reads bytes and gives items; none writes.

May import ``feeds.mapped`` and the list of categories, and nothing that touches a database.
"""

#: Formats that can be given in, with the words that a page shows.
FORMATS = {"fhir-r4": "FHIR R4 (bundles, NDJSON, JSON or XML resources)"}
