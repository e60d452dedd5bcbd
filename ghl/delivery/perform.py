"""Carries out one call of a plan through the client. It decides nothing and catches nothing."""

from typing import assert_never

from ghl.client.client import GHLClient
from ghl.delivery.steps import AddTags, Call, CreateContact, FindDuplicate, GetContact, Reply, UpdateContact


def perform(client: GHLClient, call: Call) -> Reply:
    """What GoHighLevel answered. Raises `ghl.client.errors.GHLError`."""
    match call:
        case CreateContact(write):
            return client.contacts.create(write)
        case FindDuplicate(phone, email):
            return client.contacts.find_duplicate(phone=phone, email=email)
        case GetContact(contact_id):
            return client.contacts.get(contact_id)
        case UpdateContact(contact_id, write):
            return client.contacts.update(contact_id, write)
        case AddTags(contact_id, tags):
            return client.contacts.add_tags(contact_id, tags)
        case _:
            assert_never(call)
