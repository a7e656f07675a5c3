"""Sign-in through an OpenID Connect provider: its claims, its secrets and its errors.

The provider itself is in app/auth/oidc/provider.py. Only installations that have one import it: Authlib takes 16 MB.
"""

import re
from dataclasses import dataclass, field
from typing import Any

RETRY_AFTER = 10  # seconds in which nobody waits for a provider that didn't answer
_ERROR_CODE = re.compile("[a-z_]{1,40}")  # RFC 6749, sections 4.1.2.1 and 5.2, name errors like that


class ProviderError(Exception):
    """A sign-in at the provider that failed there. The message says why, without anything that was sent."""


class ProviderUnavailable(ProviderError):
    """The provider doesn't answer, or not as a provider does."""


@dataclass(frozen=True)
class Claims:
    """The provider's statements about the person who has signed in there.

    `email` is "" unless the provider has verified it. `authenticated_at` is when they entered their password there, in
    seconds since 1970, 0 where the provider doesn't say.
    """

    issuer: str
    subject: str
    email: str
    has_second_factor: bool
    authenticated_at: float


@dataclass(frozen=True)
class FlowSecrets:
    """Values that bind an answer of the provider to the browser that asked, each random and used once.

    The provider gets `state` and `nonce` back to us; only whoever knows `verifier` can use its code (PKCE, RFC 7636).
    """

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def error_code(text: Any) -> str:
    """Return the code of an error for log and trail, "unknown" for a text that is none."""
    return text if isinstance(text, str) and _ERROR_CODE.fullmatch(text) else "unknown"
