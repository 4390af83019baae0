"""What the resident said: choices, and their effect.

May import ``identity``, ``organisations`` and ``audit``.
"""
