"""Flask-Admin on Peewee, as its documentation shows it: names through foreign keys, sorted by them, and an export."""

import os

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.peewee import ModelView
from peewee import DateTimeField, ForeignKeyField, IntegerField, Model, SqliteDatabase, TextField

database = SqliteDatabase(os.environ["PEERS_DATABASE"], check_same_thread=False)


class Base(Model):
    class Meta:
        database = database


class Customer(Base):
    name = TextField()


class Reseller(Base):
    name = TextField()


class Bundle(Base):
    name = TextField()


class Actor(Base):
    name = TextField()


class Transaction(Base):
    customer = ForeignKeyField(Customer)
    customer_ref = TextField()
    subscription_ref = TextField()
    reseller = ForeignKeyField(Reseller)
    bundle = ForeignKeyField(Bundle)
    ref = TextField()
    action = TextField()
    date = DateTimeField()
    total = IntegerField()
    cost = IntegerField()
    user = ForeignKeyField(Actor)


class Transactions(ModelView):
    column_list = (
        "customer.name", "customer_ref", "subscription_ref", "reseller.name", "bundle.name", "ref", "action", "date",
        "total", "cost", "user.name",
    )  # fmt: skip
    column_sortable_list = (("customer.name", Customer.name), "date")
    column_default_sort = ("date", True)
    column_auto_select_related = True
    page_size = 50
    can_export = True


app = Flask(__name__)
app.secret_key = "only for measuring"
Admin(app).add_view(Transactions(Transaction, endpoint="transactions"))
