"""The NHS.UK bridge: form fields, formatting, charts. No word of the domain."""
