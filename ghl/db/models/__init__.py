"""The tables, one file per group. Importing this package fills the metadata."""

from ghl.db.base import Base
from ghl.db.models.card import Card, CardCount, CardCountDelta, CardRevision, CardWords, PrayerRequest
from ghl.db.models.church import Church, Credential, IdempotencyKey, Location, SourceKey
from ghl.db.models.consent import ConsentAddress, ConsentDoubt, DndCheck, DndDifference, OptOut
from ghl.db.models.contact import ContactLink, PersonDecision
from ghl.db.models.desk import CardDraft, CardNote, CardReservation
from ghl.db.models.erasure import ContactRemoval, Erasure
from ghl.db.models.form import CardForm, ConsentWording
from ghl.db.models.help import HelpAccess
from ghl.db.models.imports import CardImport
from ghl.db.models.keys import EncryptionKey
from ghl.db.models.message import (
    Message,
    MessageAttempt,
    MessageCount,
    MessageCountDelta,
    MessageTemplate,
    MessageTemplateVersion,
    MessagingSettings,
)
from ghl.db.models.outbox import Attempt, DeliveryLease, Outbox, PersonKey
from ghl.db.models.people import (
    Mail,
    Membership,
    SignInLink,
    StopWarning,
    UsedState,
    User,
    UserIdentity,
    WebSession,
)
from ghl.db.models.process import Heartbeat
from ghl.db.models.question import Outage, OutageTold, Question
from ghl.db.models.record import AuditCheck, AuditEntry, AuditSeal, ConsentEvent, ConsentProof
from ghl.db.models.retry import RetryCard, RetryRequest
from ghl.db.models.token import SealingKey, TokenTrial
from ghl.db.models.webhook import WebhookCount, WebhookEvent, WebhookSecret

__all__ = [
    "Attempt",
    "AuditCheck",
    "AuditEntry",
    "AuditSeal",
    "Base",
    "Card",
    "CardCount",
    "CardCountDelta",
    "CardDraft",
    "CardForm",
    "CardImport",
    "CardNote",
    "CardReservation",
    "CardRevision",
    "CardWords",
    "Church",
    "ConsentAddress",
    "ConsentDoubt",
    "ConsentEvent",
    "ConsentProof",
    "ConsentWording",
    "ContactLink",
    "ContactRemoval",
    "Credential",
    "DeliveryLease",
    "DndCheck",
    "DndDifference",
    "EncryptionKey",
    "Erasure",
    "Heartbeat",
    "HelpAccess",
    "IdempotencyKey",
    "Location",
    "Mail",
    "Membership",
    "Message",
    "MessageAttempt",
    "MessageCount",
    "MessageCountDelta",
    "MessageTemplate",
    "MessageTemplateVersion",
    "MessagingSettings",
    "OptOut",
    "Outage",
    "OutageTold",
    "Outbox",
    "PersonDecision",
    "PersonKey",
    "PrayerRequest",
    "Question",
    "RetryCard",
    "RetryRequest",
    "SealingKey",
    "SignInLink",
    "SourceKey",
    "StopWarning",
    "TokenTrial",
    "UsedState",
    "User",
    "UserIdentity",
    "WebSession",
    "WebhookCount",
    "WebhookEvent",
    "WebhookSecret",
]
