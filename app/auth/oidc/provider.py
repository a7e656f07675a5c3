"""The protocol of OpenID Connect: discovery, the code flow with PKCE, and the checks of the ID token.

Knows no account. Authlib builds and sends the requests and checks the claims; joserfc, which Authlib brings, checks
the signature.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import RequestException, Timeout

from app.auth.oidc import RETRY_AFTER, Claims, FlowSecrets, ProviderError, ProviderUnavailable, error_code

_MAX_SUBJECT_LENGTH = 255  # ASCII characters, OpenID Connect Core 1.0, section 2
_TIMEOUT = (3, 5)  # seconds to connect, and between two parts of an answer
_MAX_CONVERSATIONS = 2  # at once in a process, so that a slow provider leaves threads for pages
_TURN_SECONDS = 0.5  # for which another one waits
_METADATA_SECONDS = 3600  # for which the provider's metadata is remembered
_LEEWAY = 60  # seconds by which the provider's clock may differ

# Signatures by a private key of the provider. Neither `none` nor HMAC, whose key could be the public one.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
# Methods of authentication (RFC 8176) that a password alone doesn't give.
_SECOND_FACTORS = ("mfa", "otp", "hwk", "sc")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")


class Provider:
    """An OpenID Connect provider, by the issuer that its tokens name, and this installation as its client.

    `acr_values` are the classes of authentication, in the provider's words, that mean a second factor.
    """

    def __init__(self, issuer: str, client_id: str, client_secret: str, acr_values: Sequence[str] = ()) -> None:
        self.issuer, self.name = issuer, urlsplit(issuer).netloc
        self._client_id, self._client_secret, self._acr_values = client_id, client_secret, acr_values
        self._turns = BoundedSemaphore(_MAX_CONVERSATIONS)
        self._cached_metadata: Mapping[str, Any] = {}
        self._cached_until = 0.0
        self._silent_until = 0.0

    def authorization_url(self, secrets: FlowSecrets, redirect_uri: str, asks_again: bool = False) -> str:
        """Return where to send the browser. With `asks_again`, the provider asks for the password in any case.

        Raises ProviderUnavailable.
        """
        extra = {"prompt": "login", "max_age": "0"} if asks_again else {}
        if self._acr_values:
            extra["acr_values"] = " ".join(self._acr_values)
        metadata = self._metadata()
        with self._session(metadata, redirect_uri) as session:
            url, _ = session.create_authorization_url(
                metadata["authorization_endpoint"],
                state=secrets.state,
                nonce=secrets.nonce,
                code_verifier=secrets.verifier,
                **extra,
            )
        return str(url)

    def sign_out_url(self, return_to: str) -> str:
        """Return where a browser ends its session at the provider, "" where there is no such page.

        It names this client, not the person: an ID token as a hint would have to be kept as long as the session.
        Raises ProviderUnavailable.
        """
        endpoint = self._metadata().get("end_session_endpoint") or ""
        query = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": return_to})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}" if endpoint else ""

    def fetch_claims(self, code: str, secrets: FlowSecrets, redirect_uri: str) -> Claims:
        """Exchange a code for an ID token, and return its claims once all of it is checked. Raises ProviderError."""
        metadata = self._metadata()
        with self._conversation(), self._session(metadata, redirect_uri) as session:
            token = session.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=secrets.verifier,
            )
            keys = session.get(metadata["jwks_uri"], withhold_token=True)
            keys.raise_for_status()
            claims = self._check(token.get("id_token"), keys.json(), secrets.nonce)
            if "email" not in claims and "userinfo_endpoint" in metadata:
                details = session.get(metadata["userinfo_endpoint"]).json()
                if details["sub"] != claims["sub"]:
                    raise ProviderError("details of somebody else")
                claims = {**details, **claims}
        return Claims(
            issuer=self.issuer,
            subject=claims["sub"],
            email=str(claims.get("email", "")) if claims.get("email_verified") is True else "",
            has_second_factor=any(method in _SECOND_FACTORS for method in claims.get("amr") or ())
            or claims.get("acr") in self._acr_values,
            authenticated_at=claims.get("auth_time") or 0,
        )

    def _check(self, id_token: Any, keys: Any, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token: OpenID Connect Core 1.0, section 3.1.3.7. Raises ProviderError."""
        if not isinstance(id_token, str):
            raise ProviderError("no ID token")
        expected = {"iss": self.issuer, "aud": self._client_id}
        options = {claim: {"essential": True, "value": value} for claim, value in expected.items()}
        try:
            token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
            params = {"nonce": nonce, "client_id": self._client_id}
            CodeIDToken(token.claims, token.header, options, params).validate(leeway=_LEEWAY)
        except JoseError as error:
            raise ProviderError(f"ID token refused: {error.error}") from None
        subject = token.claims["sub"]
        if not 0 < len(subject) <= _MAX_SUBJECT_LENGTH or not (subject.isascii() and subject.isprintable()):
            raise ProviderError("ID token refused: sub")
        return dict(token.claims)

    def _metadata(self) -> Mapping[str, Any]:
        """Return the provider's metadata: OpenID Connect Discovery 1.0, section 4. Raises ProviderUnavailable."""
        if monotonic() < self._cached_until:
            return self._cached_metadata
        with self._conversation(), self._session({}) as session:
            answer = session.get(get_well_known_url(self.issuer, external=True), withhold_token=True)
            answer.raise_for_status()
            metadata = answer.json()
            if metadata["issuer"] != self.issuer:
                raise ProviderUnavailable("its metadata names another issuer")
            urls = [metadata[name] for name in _ENDPOINTS]
            urls += [metadata[name] for name in _OPTIONAL_ENDPOINTS if name in metadata]
            if any(urlsplit(url).scheme not in (urlsplit(self.issuer).scheme, "https") for url in urls):
                raise ProviderUnavailable("its metadata has addresses without HTTPS")
        self._cached_metadata, self._cached_until = metadata, monotonic() + _METADATA_SECONDS
        return self._cached_metadata

    def _session(self, metadata: Mapping[str, Any], redirect_uri: str = "") -> Any:
        # Not all providers decode what RFC 6749, section 2.3.1, has clients encode in the other method.
        is_in_form = "client_secret_post" in metadata.get("token_endpoint_auth_methods_supported", [])
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            token_endpoint_auth_method="client_secret_post" if is_in_form else "client_secret_basic",
            scope="openid email",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
        )

    @contextmanager
    def _conversation(self) -> Iterator[None]:
        """Wait for a turn to talk to the provider, and make ProviderErrors of all that goes wrong in it."""
        if monotonic() < self._silent_until or not self._turns.acquire(timeout=_TURN_SECONDS):
            raise ProviderUnavailable("no answer")
        try:
            yield
        except (NoConnection, Timeout):
            self._silent_until = monotonic() + RETRY_AFTER
            raise ProviderUnavailable("no answer") from None
        except OAuthError as error:
            raise ProviderError(f"refused by the provider: {error_code(error.error)}") from None
        except (RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProviderUnavailable(f"not the answer of a provider ({type(error).__name__})") from None
        finally:
            self._turns.release()
