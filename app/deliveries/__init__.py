"""Deliveries: saved views that go out by mail.

schedule.py says when one is due, store.py adds and changes them, access.py says who may get one. runs.py keeps what
becomes of each mail, content.py reads its rows, message.py writes it, smtp.py hands it over, and sending.py does all
this in the process `flask jobs`.
"""
