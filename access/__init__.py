"""May they? The rule, the facts it stands on, the gate, openings and care relationships.

May import ``consent``, ``identity``, ``organisations`` and ``audit``.
"""
