"""What is kept and judged by, and what people see of it: store, policy, model, digest, review page, metrics."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mailguard.adapters.smtp_settings import HostPort
from mailguard.config_sections.values import Address, Endpoint, Network, PathText, Section


class DigestSection(Section):
    """[digest]: who gets the scheduled mail, how often, and how long a parent's letter may wait undecided."""

    head: Literal["daily", "weekly"] = Field(
        default="daily",
        description="daily on school days, or weekly. Reports at level 3 and above never wait.",
    )
    deputy: Literal["daily", "weekly", "when-needed"] = Field(
        default="when-needed",
        description="daily, weekly, or when-needed: only while something waits that is closed to the Head.",
    )
    chair: Literal["daily", "weekly", "when-needed"] = Field(
        default="when-needed", description="The same for the Chair of Governors."
    )
    admin: Literal["daily", "weekly"] = Field(
        default="daily", description="How often admin_address gets the state of health."
    )
    admin_address: Address | None = Field(
        default=None,
        description="Who gets a digest of health alone: no case, no count of cases; and a mail at once when no model can be used.",
    )
    weekly_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday"] = Field(
        default="monday",
        description="Day of weekly digests; when it is no school day, the next one that week.",
    )
    in_holidays: Literal["weekly", "never"] = Field(
        default="weekly", description="Digests in weeks without a school day."
    )
    parent_letter_school_hours: float = Field(
        default=18.0,
        gt=0,
        description="School hours after which a held parent's letter that nobody has decided goes to the next reader.",
    )
    parent_letter_days: float = Field(
        default=5.0,
        gt=0,
        description="The same in days of the calendar, holidays counted; whichever ends first.",
    )


class MetricsSection(Section):
    """[metrics]: figures for a monitoring system; no names, no content."""

    textfile: PathText | None = Field(
        default=None,
        description="A .prom file, rewritten three times a minute, for node_exporter's textfile collector.",
    )


class ReviewSection(Section):
    """[review]: the review page."""

    url: str = Field(
        default="",
        pattern=r"^(https?://[^/\s]+/?)?$",
        description="Address of the review page as people open it, shown in mails: https://, without a path.",
    )
    listen: Endpoint = Field(
        default=HostPort("127.0.0.1", 8460), description="Where the review page listens."
    )
    tls_certificate: PathText | None = Field(
        default=None, description="PEM certificate, when no proxy does TLS."
    )
    tls_key: PathText | None = Field(default=None, description="PEM key, when no proxy does TLS.")
    trusted_proxies: list[Network] = Field(
        default=[],
        description="Proxies in front of it, whose X-Forwarded-For and -Proto count; nobody else's do.",
    )
    idle_minutes: int = Field(default=30, ge=5, le=240, description="A session unused for so long ends.")
    session_hours: int = Field(default=10, ge=1, le=24, description="Every session ends after so long.")
    undo_seconds: int = Field(
        default=30,
        ge=0,
        le=600,
        description="So long a release decided on the page waits before it leaves; until then it can be taken back.",
    )

    @model_validator(mode="after")
    def _is_not_open_to_listeners(self) -> ReviewSection:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together; set both or neither")
        is_loopback = self.listen.host in ("127.0.0.1", "::1", "localhost")
        if not is_loopback and self.tls_certificate is None and not self.trusted_proxies:
            raise ValueError(
                f"listen is {self.listen}, which other machines reach without TLS; "
                "set tls_certificate and tls_key, or trusted_proxies for the proxy that does TLS"
            )
        return self


class StoreSection(Section):
    """[store]: where cases, effects and the audit trail are kept."""

    url: str = Field(default="", description="SQLAlchemy URL; SQLite in the state folder when empty.")
    school_id: str = Field(
        default="school", pattern=r"^[a-z0-9-]{1,40}$", description="Key of this school's rows."
    )


class PolicySection(Section):
    """[policy]: the decision table and the recognisers."""

    table: PathText | None = Field(default=None, description="policy.toml; the shipped one when not set.")
    platforms: PathText | None = Field(
        default=None, description="platforms.toml; the shipped one when not set."
    )


class ModelSection(Section):
    """[model]: the classifier: where its versions are kept, and how it is trained again."""

    directory: PathText | None = Field(
        default=None, description="Folder of this school's models; `models` in the state folder when not set."
    )
    keep: int = Field(
        default=5,
        ge=2,
        le=100,
        description="Models of this school kept, besides the one that came along; beyond that those that came first are removed. "
        "What is or was in force, and what has just come, always stays.",
    )
    train_memory_mb: int = Field(
        default=6000, ge=0, description="Most memory that a training may take; 0 for no bound."
    )


class RetentionSection(Section):
    """[retention]: days after its decision until a case's messages are destroyed by themselves. 0: never."""

    clutter_days: int = Field(
        default=30,
        ge=0,
        le=36_500,
        description="Dismissed or released, level 2 or less: platform mail and the like.",
    )
    dismissed_days: int = Field(
        default=365, ge=0, le=36_500, description="Dismissed or released, level 3 or more."
    )
    confirmed_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Confirmed: as the school's schedule for child protection says.",
    )
    allegations_days: int = Field(
        default=0, ge=0, le=36_500, description="What may accuse a member of staff, however it was decided."
    )
    concerns_days: int = Field(default=0, ge=0, le=36_500, description="Concerns that a person wrote down.")
    seen_days: int = Field(
        default=120,
        ge=30,
        le=3_650,
        description="Keys of mail seen in mailboxes, by which none is judged twice.",
    )
    session_days: int = Field(
        default=30, ge=1, le=3_650, description="Sessions of the review page that ended."
    )
    link_days: int = Field(
        default=30, ge=1, le=3_650, description="Links to write a concern that were used or have expired."
    )


class LabellingSection(Section):
    """[labelling]: a few delivered messages, shown to the DCPO. 0 turns each off; letters in unknown words are always shown."""

    blind_per_week: int = Field(
        default=10, ge=0, le=200, description="Messages from outside chosen by lot, whatever the model said."
    )
    uncertain_per_week: int = Field(
        default=10, ge=0, le=200, description="Messages from outside of which the model was least sure."
    )
    doubtful_per_day: int = Field(
        default=5,
        ge=0,
        le=200,
        description="Letters from parents' and personal-mail addresses of which the model was not sure, for somebody to read.",
    )
    keep_days: int = Field(
        default=14, ge=1, le=60, description="Days until what nobody labelled is destroyed."
    )
    examples_keep_days: int = Field(
        default=365, ge=1, le=1100, description="Days until a labelled sample is destroyed."
    )
