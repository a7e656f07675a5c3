"""The options of a job, as JSON in the database."""

import json
from dataclasses import asdict, replace

from app.importing import Options


def dump_options(options: Options) -> str:
    choices = [[*subject, choice] for subject, choice in options.name_choices.items()]
    return json.dumps({**asdict(replace(options, name_choices={})), "name_choices": choices})


def load_options(text: str) -> Options:
    """The options of a job. In the browser, headings that mean nothing are shown, and passed over."""
    values = json.loads(text)
    choices = {(kind, name): choice for kind, name, choice in values.pop("name_choices", [])}
    return Options(**{**values, "pass_unknown": True, "name_choices": choices})
