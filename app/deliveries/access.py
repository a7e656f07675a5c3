"""Who may get a delivery: people who could open its view themselves, at the moment at which they would."""

from app.auth.second_factor import RequiredAction, SecondFactors
from app.auth.visitor import visitor_of
from app.saved_views import find_view
from models import Delivery, SavedView, User


def deliverable_view(delivery: Delivery, user: User) -> SavedView | None:
    """Return the view of a delivery as it is now, None when the person or the delivery's owner don't see it."""
    if delivery.view_id is None or user.disabled or delivery.user.disabled:
        return None
    if find_view(visitor_of(delivery.user), delivery.view_id) is None:
        return None
    return find_view(visitor_of(user), delivery.view_id)


def required_action(user: User, second_factors: SecondFactors) -> str:
    """Say what a person must do before they see any report, "" when nothing."""
    match second_factors.required_action(visitor_of(user)):
        case RequiredAction.CHOOSE_PASSWORD:
            return "has a temporary password and must choose another first"
        case RequiredAction.SET_UP_SECOND_FACTOR:
            return "must set up a second factor first"
    return ""
