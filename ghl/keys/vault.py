"""Keys from HashiCorp Vault or OpenBao: one field of a secret in a KV store, version 2.

The library is the extra `vault`. Signing in costs one call more; nothing is kept between two readings.
"""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from ghl.config import LOOPBACK
from ghl.crypto import KeyRingError
from ghl.keys.sources import CONNECT_SECONDS, READ_SECONDS

DEFAULT_FIELD = "keys"
KUBERNETES_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
"""Where Kubernetes puts the token of a pod's own account."""


class VaultSource:
    """`https://vault.example.org:8200/<mount>/<path>#<field>`, with a token, an AppRole or a Kubernetes account."""

    setting = "HUB_ENCRYPTION_KEYS_VAULT"
    changes = True

    def __init__(
        self,
        address: str,
        *,
        token: SecretStr | None = None,
        role_id: str = "",
        secret_id: SecretStr | None = None,
        kubernetes_role: str = "",
        namespace: str = "",
        ca_file: Path | None = None,
        account_token: Path = KUBERNETES_TOKEN,
    ) -> None:
        parts = urlsplit(address)
        mount, _, path = parts.path.strip("/").partition("/")
        if not (parts.hostname and mount and path) or parts.username:
            raise KeyRingError(
                f"{self.setting}: it must look like https://vault.example.org:8200/secret/church-connect-hub#keys."
            )
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise KeyRingError(
                f"{self.setting}: it must begin with https:// (http:// only for this machine): keys come from there."
            )
        ways = (token is not None, bool(role_id), bool(kubernetes_role))
        if sum(ways) != 1 or bool(role_id) != (secret_id is not None):
            raise KeyRingError(
                f"{self.setting}: say how to sign in to Vault, in one way: HUB_VAULT_TOKEN; or HUB_VAULT_ROLE_ID with"
                " HUB_VAULT_SECRET_ID; or HUB_VAULT_KUBERNETES_ROLE."
            )
        self._server = f"{parts.scheme}://{parts.netloc}"
        self._mount, self._path, self._field = mount, path, parts.fragment or DEFAULT_FIELD
        self._token, self._role_id, self._secret_id = token, role_id, secret_id
        self._kubernetes_role, self._account_token = kubernetes_role, account_token
        self._namespace, self._ca_file = namespace, ca_file

    def read(self) -> str:
        """The newest version of the secret. Raises `KeyRingError`; no message repeats what Vault said."""
        try:
            import hvac  # noqa: PLC0415 - an extra
            import requests  # noqa: PLC0415 - hvac's own HTTP
            from hvac import exceptions as refusals  # noqa: PLC0415
        except ImportError as error:
            raise KeyRingError(
                "The library for Vault is missing: install the hub with the extra `vault`."
            ) from error
        where = f"{self._server}/{self._mount}/{self._path}"
        try:
            with requests.Session() as session:
                # A proxy of the environment stands between nobody and the keys.
                session.trust_env = False
                client = hvac.Client(
                    url=self._server,
                    # Empty, and not absent: the library would look for one in the environment and in the home folder.
                    token=self._token.get_secret_value() if self._token else "",
                    namespace=self._namespace or None,
                    verify=str(self._ca_file) if self._ca_file else True,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    session=session,
                    allow_redirects=False,
                )
                self._sign_in(client)
                found = client.secrets.kv.v2.read_secret_version(
                    path=self._path, mount_point=self._mount, raise_on_deleted_version=True
                )
        except refusals.Forbidden as error:
            raise KeyRingError(f"Vault does not let this hub read {where}.") from error
        except refusals.InvalidPath as error:
            raise KeyRingError(f"There is no secret {where} in Vault.") from error
        except refusals.VaultDown as error:
            raise KeyRingError(f"Vault at {self._server} is sealed.") from error
        except (refusals.VaultError, ValueError, KeyError) as error:
            raise KeyRingError(f"Vault at {self._server} refused: {type(error).__name__}.") from error
        except requests.RequestException as error:
            raise KeyRingError(f"Vault at {self._server} does not answer: {type(error).__name__}.") from error
        text = _field(found, self._field)
        if not text:
            raise KeyRingError(f"The secret {where} in Vault has no field {self._field!r} with keys.")
        return text

    def _sign_in(self, client: "object") -> None:
        auth = client.auth  # type: ignore[attr-defined]
        if self._role_id:
            assert self._secret_id is not None
            auth.approle.login(role_id=self._role_id, secret_id=self._secret_id.get_secret_value())
        elif self._kubernetes_role:
            try:
                account = self._account_token.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise KeyRingError(f"The account's token {self._account_token} cannot be read.") from error
            auth.kubernetes.login(role=self._kubernetes_role, jwt=account)


def _field(answer: object, name: str) -> str:
    """What stands in the field; whatever shape the answer has."""
    found = answer
    for key in ("data", "data", name):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
