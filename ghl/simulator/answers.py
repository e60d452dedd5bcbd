"""GoHighLevel's refusals, word for word; clients tell them apart by these sentences, so they never change here."""

from typing import Any


class Refusal(Exception):  # noqa: N818  (an answer, not a mistake of ours)
    """Raised by a handler or the gate: the request is answered with `status` and this body."""

    def __init__(self, status: int, message: str | list[str], error: str | None = None, **extra: Any) -> None:
        """`error` is the short phrase GoHighLevel adds to some bodies; `extra` are further keys."""
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"statusCode": status, "message": message}
        if error is not None:
            self.body["error"] = error
        self.body.update(extra)


def token_unknown() -> Refusal:
    return Refusal(401, "Invalid Private Integration token")


def token_malformed() -> Refusal:
    """What a token cut off while copying gets: it reads like a permission problem."""
    return Refusal(401, "Invalid JWT")


def version_missing() -> Refusal:
    return Refusal(401, "version header was not found.", "Error")


def version_invalid() -> Refusal:
    return Refusal(401, "version header is invalid", "Error")


def scope_missing() -> Refusal:
    """401, and not 403, though the token itself is fine."""
    return Refusal(401, "The token is not authorized for this scope.", "Unauthorized")


def agency_token() -> Refusal:
    return Refusal(401, "Token's user type mismatch!", "Unauthorized")


def wrong_location(*, as_401: bool = False) -> Refusal:
    """The token is fine, the location is another one's; some services say it with 401 and other words."""
    if as_401:
        return Refusal(401, "This location is not accessible from this token!", "Unauthorized")
    return Refusal(403, "The token does not have access to this location.")


def duplicate(contact_id: str, matching_field: str, contact_name: str) -> Refusal:
    meta = {"contactId": contact_id, "matchingField": matching_field, "contactName": contact_name}
    return Refusal(400, "This location does not allow duplicated contacts.", meta=meta)


def contact_not_found(status: int = 400) -> Refusal:
    """Reports differ between 400 and 404, so the status is a switch of the location."""
    return Refusal(status, "Contact not found", "Bad Request" if status == 400 else "Not Found")


def bad_request(message: str) -> Refusal:
    return Refusal(400, message, "Bad Request")


def unprocessable(*messages: str) -> Refusal:
    """What GoHighLevel's request validation says: always a list of sentences."""
    return Refusal(422, list(messages), "Unprocessable Entity")


def no_such_path(method: str, path: str) -> Refusal:
    return Refusal(404, f"Cannot {method} {path}", "Not Found")


def too_many() -> Refusal:
    """GoHighLevel documents no body for 429; nobody may depend on this one."""
    return Refusal(429, "Too many requests", "Too Many Requests")


def message_refused(message: str, code: str | None = None) -> Refusal:
    """A message that GoHighLevel will not send, in the words and with the code that were measured."""
    extra = {} if code is None else {"canonicalCode": f"CONVERSATIONS_MSG_{code}"}
    return Refusal(400, message, "Bad Request", **extra)


def no_content() -> Refusal:
    return Refusal(
        422,
        "There is no message or attachments",
        "Unprocessable Entity",
        canonicalCode="CONVERSATIONS_MSG_NO_CONTENT",
    )


def message_not_found(status: int = 400) -> Refusal:
    return Refusal(status, "Message not found", "Bad Request" if status == 400 else "Not Found")


def conversation_not_found(status: int = 400) -> Refusal:
    return Refusal(status, "Conversation not found", "Bad Request" if status == 400 else "Not Found")
