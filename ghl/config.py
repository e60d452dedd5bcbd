"""Settings: read once at the edge of a process (environment or `.env`), then passed on as values.

Nothing below an entry point reads the environment itself.
"""

import hashlib
import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

GHL_BASE_URL = "https://services.leadconnectorhq.com"
"""GHL's public API, the first server of each of its OpenAPI files."""


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

PROJECT = Path(__file__).resolve().parents[1]
"""The folder the hub runs from."""


def default_data_dir() -> Path:
    """Where data lives unless told otherwise: each copy of the project has a folder of its own.

    It is `.data` in the project. As root it is below `/var/lib/church-connect-hub`: there the servers run under
    another account, which has no way into root's own folders.
    """
    if os.geteuid() != 0:
        return PROJECT / ".data"
    copy = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
    return Path("/var/lib/church-connect-hub") / f"{PROJECT.name}-{copy}"


class Settings(BaseSettings):
    """Every setting of the hub, named as its environment variable without the prefix `HUB_`."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # what stands there may be a password
    )

    database_url: SecretStr | None = None
    database_admin_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    data_dir: Path = Field(default_factory=default_data_dir)

    ghl_base_url: str = GHL_BASE_URL
    encryption_keys: SecretStr | None = None
    encryption_keys_file: Path | None = None
    encryption_keys_vault: str = ""
    encryption_keys_aws: str = ""
    vault_token: SecretStr | None = None
    vault_role_id: str = ""
    vault_secret_id: SecretStr | None = None
    vault_kubernetes_role: str = ""
    vault_namespace: str = ""
    vault_ca_file: Path | None = None

    demo_simulator_url: str = ""

    public_url: str = ""
    form_url: str = ""
    trusted_proxies: str = ""
    smtp_url: SecretStr | None = None
    mail_from: str = ""
    oidc_client_id: str = ""
    oidc_issuer: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = ""
    oidc_trusted_domains: Annotated[tuple[str, ...], NoDecode] = ()
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    webhook_public_keys: Path | None = None
    webhook_rsa: bool = False
    log_level: str = "INFO"

    worker_threads: Annotated[int, Field(ge=1, le=512)] = 128
    page_refresh_seconds: Annotated[float, Field(ge=1, le=60)] = 3.0

    @field_validator("ghl_base_url", "public_url", "form_url", "demo_simulator_url")
    @classmethod
    def _no_trailing_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("ghl_base_url")
    @classmethod
    def _no_token_in_clear(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
            return url
        raise ValueError(
            "must begin with https:// (http:// only for this machine): a token goes with each call"
        )

    @field_validator("trusted_proxies")
    @classmethod
    def _only_addresses(cls, proxies: str) -> str:
        try:
            for proxy in filter(None, (part.strip() for part in proxies.split(","))):
                ip_network(proxy, strict=False)
        except ValueError:
            raise ValueError("takes addresses or networks, such as 127.0.0.1 or 10.0.0.0/8") from None
        return proxies

    @field_validator("smtp_url")
    @classmethod
    def _a_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            from ghl.mail import smtp_server  # noqa: PLC0415 - few commands send mail

            smtp_server(url.get_secret_value())
        return url

    @field_validator("mail_from")
    @classmethod
    def _one_address(cls, address: str) -> str:
        if address and not re.fullmatch(r"[!-~]+@[!-~]+", address):
            raise ValueError("takes one address, such as hub@example.org")
        return address

    @field_validator("oidc_issuer")
    @classmethod
    def _a_provider(cls, issuer: str, info: ValidationInfo) -> str:
        if issuer:
            from ghl.people.oidc.proof import issuer_fault  # noqa: PLC0415 - few commands sign anybody in

            if fault := issuer_fault(issuer, loopback=LOOPBACK):
                raise ValueError(fault)
            # Fields that stand above this one are known here.
            if not (info.data.get("oidc_client_id") and info.data.get("public_url")):
                raise ValueError("needs HUB_OIDC_CLIENT_ID and HUB_PUBLIC_URL beside it")
        return issuer

    @field_validator("allowed_hosts", "oidc_trusted_domains", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(host.strip().lower() for host in value.split(",") if host.strip())
        return value


def load_settings(**overrides: object) -> Settings:
    """The settings of this process. Raises `pydantic.ValidationError` naming each wrong variable."""
    return Settings(**overrides)  # type: ignore[arg-type]
