"""The record: entries, and what a page shows of them.

May import ``access`` and what lies below it. Only ``records.selectors`` and ``records.actions``
touch the entry model.
"""
