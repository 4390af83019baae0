"""The Personal Demographics Service (PDS): asking it who a resident is, and reading what it says.

======================  ==========================================================================
``configuration``       which PDS this installation asks, as whom, and how often
``questions``           what may be asked: one number, or a search that the service allows
``client``              asks: token, rate, circuit, retries; every call ends in one outcome
``outcomes``            what an answer means; pure
``demographics``        what PDS says of one person; absent is not the same as blank
``comparing``           whether that is the person whom we hold; pure
``renewing``            what we hold, renewed by what PDS says; pure
``token``               access by signed JWT
``rate``                one limit for all workers
``circuit``             one breaker for all workers
======================  ==========================================================================

The contract is the PDS FHIR API, R4, application-restricted access: retrieval by NHS number, and a
search that answers with one match or none. Nothing here writes to the database.
"""
