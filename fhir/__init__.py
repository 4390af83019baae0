"""The record for other systems. A door: it may import any domain module, and none imports it."""
