"""A stand-in for the Personal Demographics Service. It is not the service, and says so.

It answers by the published contract of the PDS FHIR API (R4, application-restricted access), for
the people of the made-up region and for nobody else: the token endpoint with its checks, retrieval
by NHS number, search with wildcards, exact, fuzzy and historic; superseded and invalidated
numbers, restricted and very restricted people; the rate limit; and faults on demand. It keeps a
log of what it was asked, by which tests judge whoever asked.

``python -m region.pds_stand_in --help`` runs it. It listens on the loopback only.

What it does not do: patching, other access modes, related people. Its matching score is its own.
"""
