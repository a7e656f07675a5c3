"""Who may get a delivery: people who could open its view themselves, at the moment at which they would."""

from app.auth.saved_views import find_view
from app.auth.second_factor import SecondFactors
from app.auth.visitor import Visitor
from models import Delivery, SavedView, SecondFactor, User


def visitor_of(user: User) -> Visitor:
    """Return somebody with the scope, the role and the rights that an account has now. It is in no session."""
    return Visitor(
        *(user.id, user.email, user.role, user.reseller),
        must_change_password=user.temporary_until is not None and not user.may_use_provider,
        session="",
        has_second_factor=SecondFactor.select().where(SecondFactor.user == user.id).exists(),
        may_see_costs=user.may_see_costs,
    )


def deliverable_view(delivery: Delivery, user: User) -> SavedView | None:
    """Return the view of a delivery as it is now, None when the person or the delivery's owner don't see it."""
    if delivery.view_id is None or user.disabled or delivery.user.disabled:
        return None
    if find_view(visitor_of(delivery.user), delivery.view_id) is None:
        return None
    return find_view(visitor_of(user), delivery.view_id)


def unmet_duty(user: User, second_factors: SecondFactors) -> str:
    """Say what a person must do before they see any report, "" when nothing."""
    person = visitor_of(user)
    if person.must_change_password:
        return "has a temporary password and must choose another first"
    if second_factors.is_required(person.role) and not person.has_second_factor and not user.may_use_provider:
        return "must set up a second factor first"
    return ""
