"""The tables, one file per group. Importing this package fills the metadata."""

from ghl.db.base import Base
from ghl.db.models.card import Card, CardCount, CardCountDelta, CardRevision, CardWords, PrayerRequest
from ghl.db.models.church import Church, Credential, IdempotencyKey, Location, SourceKey
from ghl.db.models.contact import ContactLink, PersonDecision
from ghl.db.models.desk import CardDraft, CardNote, CardReservation
from ghl.db.models.erasure import ContactRemoval, Erasure
from ghl.db.models.form import CardForm, ConsentWording
from ghl.db.models.imports import CardImport
from ghl.db.models.outbox import Attempt, DeliveryLease, Outbox, PersonKey
from ghl.db.models.people import Membership, SignInLink, User, WebSession
from ghl.db.models.process import Heartbeat
from ghl.db.models.question import Outage, OutageTold, Question
from ghl.db.models.record import AuditCheck, AuditEntry, AuditSeal, ConsentEvent, ConsentProof
from ghl.db.models.retry import RetryCard, RetryRequest

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
    "ConsentEvent",
    "ConsentProof",
    "ConsentWording",
    "ContactLink",
    "ContactRemoval",
    "Credential",
    "DeliveryLease",
    "Erasure",
    "Heartbeat",
    "IdempotencyKey",
    "Location",
    "Membership",
    "Outage",
    "OutageTold",
    "Outbox",
    "PersonDecision",
    "PersonKey",
    "PrayerRequest",
    "Question",
    "RetryCard",
    "RetryRequest",
    "SignInLink",
    "SourceKey",
    "User",
    "WebSession",
]
