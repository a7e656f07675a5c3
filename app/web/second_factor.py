"""The pages where users set up their second factor, renew its recovery codes and remove it."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import segno
from flask import Blueprint, abort, redirect, render_template
from flask.typing import ResponseReturnValue

from app.auth.second_factor import group_by_four, renew_recovery_codes, valid_seed
from app.validation import ValidationError
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.fields import read_fields
from app.web.request_log import set_error_reason
from app.web.security import visitor
from app.web.services import services
from models import User

_BORDER = 4  # modules of white around a QR code, ISO/IEC 18004

blueprint = Blueprint("second_factor", __name__, url_prefix="/account/factor")


@blueprint.get("")
def show() -> ResponseReturnValue:
    """Show a new secret, which counts once the form below sends a code made with it."""
    return redirect("/account", 303) if visitor().has_second_factor else _set_up_page(valid_seed(""))


@blueprint.post("")
def set_up() -> ResponseReturnValue:
    values, too_long = read_fields("seed", "code")
    seed, code = valid_seed(values["seed"]), values["code"]
    if too_long:
        return _set_up_page(seed, 400, too_long)
    try:
        user = User.get_by_id(visitor().id)
        codes = services().second_factors.set_up(audit_actor(), user, seed, code, visitor().session)
    except ValidationError as error:
        return _set_up_page(seed, 400, error.errors)
    return _codes_page(codes)


@blueprint.post("/codes")
def renew_codes() -> ResponseReturnValue:
    try:
        return _codes_page(renew_recovery_codes(audit_actor(), User.get_by_id(visitor().id)))
    except ValidationError as error:
        abort(error_response(400, str(error), home="/account"))


@blueprint.post("/remove")
def remove() -> ResponseReturnValue:
    try:
        services().second_factors.remove(audit_actor(), User.get_by_id(visitor().id), visitor().session)
    except ValidationError as error:
        abort(error_response(400, str(error), home="/account"))
    return redirect("/account?done=factor", 303)


def _codes_page(codes: Sequence[str]) -> ResponseReturnValue:
    return render_template("account/recovery_codes.html", codes=codes)


def _set_up_page(seed: str, status: int = 200, errors: Mapping[str, str] = {}) -> ResponseReturnValue:
    set_error_reason(*errors.values())
    authenticator = services().second_factors.authenticator(visitor().id, visitor().email, seed)
    size, path = _qr_code(authenticator.provisioning_uri())
    context = {"seed": seed, "secret": group_by_four(authenticator.secret, " "), "size": size, "path": path}
    is_required = services().second_factors.is_required(visitor().role)
    return render_template("account/factor.html", errors=errors, is_required=is_required, **context), status


def _qr_code(text: str) -> tuple[int, str]:
    """Return the size of a QR code in modules, and the path of its dark ones for an <svg> of that size."""
    code = segno.make_qr(text, error="m")
    path = ""
    for y, row in enumerate(code.matrix_iter(border=_BORDER)):
        x = 0
        for is_dark, run in groupby(row):
            length = len(list(run))
            path += f"M{x} {y}h{length}v1h-{length}z" if is_dark else ""
            x += length
    return int(code.symbol_size(border=_BORDER)[0]), path
