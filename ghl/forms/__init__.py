"""A church's public card form: what stands on it, the words of its consent boxes by version, its address.

It knows nothing of how the form is served; the intake does.
"""

from ghl.forms.settings import FormChange, FormError, FormSettings, change_form, form_of
from ghl.forms.wordings import Wording, current_wordings, wording, wording_history

__all__ = [
    "FormChange",
    "FormError",
    "FormSettings",
    "Wording",
    "change_form",
    "current_wordings",
    "form_of",
    "wording",
    "wording_history",
]
