"""Django commands of ``organisations``."""
