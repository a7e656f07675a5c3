"""The first schema: a frozen copy of the models as they were, so that it never changes under a database."""
