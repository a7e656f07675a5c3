"""The objects that the application makes once of its settings: stores, signers and the services of jobs and mail."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from flask import Flask, current_app
from itsdangerous import URLSafeTimedSerializer

from app.auth.browser_tokens import PENDING_SECONDS, REMEMBERED_SECONDS, BrowserTokens
from app.auth.fair_use import FairUse
from app.auth.known_browsers import KnownBrowsers
from app.auth.second_factor import SecondFactors
from app.auth.sessions import Sessions
from app.auth.tokens import RequestRate, Tokens
from app.deliveries.message import StopLinks
from app.deliveries.sending import Sender
from app.jobs.imports import ImportJobs
from app.settings import Settings
from models import PendingSignIn, RememberedBrowser

if TYPE_CHECKING:
    from app.auth.oidc.provider import Provider

_NAME = "services"  # in `app.extensions`


@dataclass(frozen=True)
class Services:
    """All that requests share. `provider` is None without an OpenID Connect provider, `sender` without mail."""

    settings: Settings = field(repr=False)
    sessions: Sessions
    tokens: Tokens
    second_factors: SecondFactors
    pending_sign_ins: BrowserTokens[PendingSignIn]
    remembered_browsers: BrowserTokens[RememberedBrowser]
    known_browsers: KnownBrowsers
    fair_use: FairUse
    provider: "Provider | None"
    provider_flows: URLSafeTimedSerializer  # signs the cookies of sign-ins at the provider
    import_jobs: ImportJobs
    stop_links: StopLinks
    sender: Sender | None

    @classmethod
    def create(cls, settings: Settings) -> Self:
        key = settings.secret_key
        second_factors = SecondFactors(key, settings.partner_name, settings.second_factor)
        return cls(
            settings=settings,
            sessions=Sessions(key, settings.session_idle_hours, settings.session_hours),
            tokens=Tokens(key, RequestRate(settings.token_rate)),
            second_factors=second_factors,
            pending_sign_ins=BrowserTokens(key, PendingSignIn, PENDING_SECONDS),
            remembered_browsers=BrowserTokens(key, RememberedBrowser, REMEMBERED_SECONDS),
            known_browsers=KnownBrowsers(key),
            fair_use=FairUse(),
            provider=_create_provider(settings),
            provider_flows=URLSafeTimedSerializer(key, salt="sign-in at the provider"),
            import_jobs=ImportJobs(settings.database_url, settings.history_days),
            stop_links=StopLinks(key),
            sender=Sender(settings.mail, settings.partner_name, key, second_factors) if settings.mail else None,
        )

    @property
    def installation_names(self) -> tuple[str, ...]:
        """The names of this installation, whose words make a poor password."""
        return self.settings.partner_name, *self.settings.trusted_hosts


def register(app: Flask, settings: Settings) -> None:
    app.extensions[_NAME] = Services.create(settings)


def services(app: Flask | None = None) -> Services:
    """Return the services of an application, by default of the one that handles the request."""
    shared: Services = (app or current_app).extensions[_NAME]
    return shared


def _create_provider(settings: Settings) -> "Provider | None":
    if not settings.oidc_issuer:
        return None
    from app.auth.oidc.provider import Provider  # noqa: PLC0415 - 16 MB and 0.2 s, for installations that have one

    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, acr_values=settings.oidc_acr
    )
