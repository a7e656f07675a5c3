"""The Import pages: routes.py answers, upload.py receives files, form.py reads options, context.py fills templates."""
