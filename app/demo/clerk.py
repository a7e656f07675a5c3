"""Who books subscriptions."""

from dataclasses import dataclass
from datetime import date

from app.demo.books import Booked
from app.demo.catalogue import PLANS
from app.demo.dice import Dice
from app.demo.events import events
from app.demo.ledger import Ledger
from app.demo.life import DAY, Fate, life
from app.demo.parties import Customer


@dataclass
class Clerk:
    """Books one subscription after another, and numbers them and their transactions."""

    dice: Dice
    today: date
    subscriptions: int = 200_000
    transactions: int = 0

    def book(self, customer: Customer, fate: Fate, transactions: int) -> Booked:
        """Book a subscription with exactly so many transactions, at least one."""
        lived = life(self.dice, fate, transactions, self.today)
        ledger = Ledger(self.dice.pick(PLANS), lived.years, lived.ordered // DAY)
        happened = list(events(self.dice, lived, ledger, customer.users))
        self.subscriptions += 1
        self.transactions += transactions
        return Booked(customer, self.subscriptions, self.transactions, happened, ledger)
