"""django-tables2 on Django, as its documentation shows it: a table of a model, its pages, and its export."""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.urls import path

settings.configure(
    SECRET_KEY="only for measuring",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django_tables2"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["PEERS_DATABASE"]}},
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": ["django.template.context_processors.request"],
                "loaders": None,
            },
        }
    ],
    USE_TZ=False,
)
django.setup()

from django_tables2 import Column, SingleTableView, Table  # noqa: E402
from django_tables2.export.views import ExportMixin  # noqa: E402


class Name(models.Model):
    name = models.TextField()

    class Meta:
        abstract = True
        app_label = "bench"


class Customer(Name):
    class Meta(Name.Meta):
        db_table, managed = "customer", False


class Reseller(Name):
    class Meta(Name.Meta):
        db_table, managed = "reseller", False


class Bundle(Name):
    class Meta(Name.Meta):
        db_table, managed = "bundle", False


class Actor(Name):
    class Meta(Name.Meta):
        db_table, managed = "actor", False


class Transaction(models.Model):
    customer = models.ForeignKey(Customer, models.PROTECT)
    customer_ref = models.TextField()
    subscription_ref = models.TextField()
    reseller = models.ForeignKey(Reseller, models.PROTECT)
    bundle = models.ForeignKey(Bundle, models.PROTECT)
    ref = models.TextField()
    action = models.TextField()
    date = models.DateTimeField()
    total = models.IntegerField()
    cost = models.IntegerField()
    user = models.ForeignKey(Actor, models.PROTECT)

    class Meta:
        app_label, db_table, managed = "bench", "transaction", False


class Transactions(Table):
    customer = Column(accessor="customer__name")
    reseller = Column(accessor="reseller__name")
    bundle = Column(accessor="bundle__name")
    user = Column(accessor="user__name")

    class Meta:
        model = Transaction
        exclude = ("id",)
        order_by = "-date"


class Shown(ExportMixin, SingleTableView):
    table_class = Transactions
    queryset = Transaction.objects.select_related("customer", "reseller", "bundle", "user")
    table_pagination = {"per_page": 50}  # noqa: RUF012 - as its documentation writes it
    template_name = "django_tables2/table.html"


urlpatterns = [path("", Shown.as_view())]
app = get_wsgi_application()
