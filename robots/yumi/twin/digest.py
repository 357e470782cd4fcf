"""HTTP digest authentication on the side that asks for it (RFC 7616, MD5, qop auth)."""

import hashlib
import hmac
import re
import secrets

REALM = "validusers@robapi.abb"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class Digest:
    """Knows one user; hands out challenges and judges what comes back."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._secret = _md5(f"{user}:{REALM}:{password}")
        self._nonce, self._opaque = secrets.token_hex(16), secrets.token_hex(8)

    def challenge(self) -> str:
        """For the header WWW-Authenticate."""
        return f'Digest realm="{REALM}", nonce="{self._nonce}", opaque="{self._opaque}", qop="auth"'

    def accepts(self, method: str, uri: str, header: str | None) -> bool:
        """Whether a header Authorization is that user's answer, for this method and address."""
        if header is None or not header.lower().startswith("digest "):
            return False
        fields = {name: quoted or bare for name, quoted, bare in _FIELD.findall(header)}
        if fields.get("username") != self._user or fields.get("nonce") != self._nonce:
            return False
        if fields.get("uri") != uri or fields.get("qop") != "auth":
            return False
        parts = (self._nonce, fields.get("nc", ""), fields.get("cnonce", ""), "auth")
        wanted = _md5(":".join((self._secret, *parts, _md5(f"{method}:{uri}"))))
        return hmac.compare_digest(wanted, fields.get("response", ""))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
