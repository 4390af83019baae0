"""The record for other systems. A door: it may import any domain module, and none imports it.

The library ``fhir.resources`` lives in a namespace package of the same name, so the two share it.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
