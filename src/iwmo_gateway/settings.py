"""The settings, from the environment (`IWMO_…`) and `.env`, read once."""

from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set. Each field is the variable of the same name in capitals behind `IWMO_`."""

    model_config = SettingsConfigDict(env_prefix="IWMO_", env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field("sqlite:///var/iwmo.db", description="sqlite:/// or postgresql:// URL of the database")
    schemas: Path | None = Field(None, description="Folder of schemas to use instead of the shipped ones")
    codelists: Path | None = Field(None, description="Folder of code lists to use instead of the shipped ones")
    secret_key: SecretStr | None = Field(
        None,
        description="The first key: what is kept is encrypted with it, and clients are found by it. The same for every "
        "process on one database. Needed on PostgreSQL; beside a SQLite database one is made",
    )
    encryption_keys: SecretStr | None = Field(
        None, description="Newer keys by version, such as 2:64 hexadecimal digits, with commas between"
    )
    encryption_keys_file: Path | None = Field(
        None, description="File with newer keys, one a line; beside a SQLite database its own is used"
    )

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < 16:
            raise ValueError("should have at least 16 characters")
        return key

    def as_environment(self) -> dict[str, str]:
        """The variables that say the same to another process."""
        given = {name: value for name, value in self.model_dump().items() if value is not None}
        return {
            f"IWMO_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in given.items()
        }

    retention: Path | None = Field(
        None, description="File with how long messages are kept, for `purge`; without it everything stays"
    )
    host: str = Field("127.0.0.1", description="Address that `serve` listens on")
    port: int = Field(8080, ge=0, le=65535, description="Port that `serve` listens on")
    worker_metrics_port: int | None = Field(None, ge=1, le=65535, description="Port of a worker's own /metrics")
    proxies: str | None = Field(
        None, description="Addresses of the proxies whose X-Forwarded-For and X-Forwarded-Proto count, with commas"
    )
    max_message_bytes: PositiveInt = Field(25 * 1024 * 1024, description="Larger messages are refused (IB012)")
    sync_limit_bytes: PositiveInt = Field(1024 * 1024, description="Larger messages are answered later (202)")
    body_seconds: PositiveInt = Field(120, description="How long sending a body may take before it is cut off")
    lease_seconds: PositiveInt = Field(30, description="How long a process may have a message in hand")
    receivers: Literal["known", "any"] = Field(
        "known", description="Whether messages to a party that was never made known are refused (IB010), or kept for it"
    )
    rate_limit: str = Field(
        "6000/minute",
        pattern="^[1-9][0-9]{0,8}/(second|minute|hour)$",
        description="Most calls with one token, for each `serve` process; beyond it 429",
    )
    max_attempts: PositiveInt = Field(5, description="How often a worker tries a message before it is failed")
    drain_seconds: NonNegativeInt = Field(
        2, description="How long `serve` still takes calls after SIGTERM, while /readyz says that it stops"
    )
    console_minutes: PositiveInt = Field(30, description="How long a session of the console lasts without being used")
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https://\S+$|^http://(127\.0\.0\.1|localhost)(:\d+)?(/\S*)?$",
        description="URL of the OpenID provider by which one may sign in to the console; without it by token alone",
    )
    oidc_client_id: str | None = Field(None, description="By which the OpenID provider knows this gateway")
    oidc_client_secret: SecretStr | None = Field(None, description="The secret that goes with it, if it has one")
    sandbox: bool = Field(False, description="Allow X-Received-At, so that dates can be tested; never in production")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="How much is logged")
