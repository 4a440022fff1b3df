"""WebAuthn by the ``webauthn`` package, for one site: ``app.passkeys.WebAuthn``.

SECURITY: what a browser sends is hostile until its signature over our challenge, our host and our origin holds.
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any
from urllib.parse import urlsplit

from mailguard.app.account_records import Account, Passkey


class SiteWebAuthn:
    """``origin`` as browsers write it (https://review.school.example); its host is the passkeys' home."""

    def __init__(self, *, origin: str, school_name: str) -> None:
        self._origin = origin
        self._host = urlsplit(origin).hostname or ""
        self._school_name = school_name

    def creation_options(
        self, account: Account, challenge: bytes, known: tuple[bytes, ...]
    ) -> dict[str, Any]:
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        options = generate_registration_options(
            rp_id=self._host,
            rp_name=self._school_name,
            user_id=account.id.encode(),
            user_name=account.address,
            user_display_name=account.name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
        found: dict[str, Any] = json.loads(options_to_json(options))
        return found

    def request_options(self, challenge: bytes) -> dict[str, Any]:
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers.structs import UserVerificationRequirement

        options = generate_authentication_options(
            rp_id=self._host,
            challenge=challenge,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        found: dict[str, Any] = json.loads(options_to_json(options))
        return found

    def created(self, answer: str, challenge: bytes) -> tuple[bytes, bytes, int] | None:
        from webauthn import verify_registration_response
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            verified = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            return None
        return verified.credential_id, verified.credential_public_key, verified.sign_count

    def credential_id(self, answer: str) -> bytes:
        from webauthn import base64url_to_bytes

        try:
            return bytes(base64url_to_bytes(str(json.loads(answer)["id"])))
        except (ValueError, KeyError, TypeError):
            return b""

    def used(self, answer: str, challenge: bytes, passkey: Passkey) -> int | None:
        from webauthn import verify_authentication_response
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            verified = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            return None
        return int(verified.new_sign_count)


def site_webauthn(url: str, school_name: str) -> SiteWebAuthn | None:
    """None when the extra is not installed, or the site has no address that browsers take passkeys for."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "https" or parts.hostname == "localhost"
    if not is_secure or importlib.util.find_spec("webauthn") is None:
        return None
    return SiteWebAuthn(origin=f"{parts.scheme}://{parts.netloc}", school_name=school_name)
