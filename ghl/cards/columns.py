"""Column names of other people's lists, matched to the hub's own; what is unknown stays a church's own question.

Nothing here reads a file.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from ghl.cards.fields import COLUMNS
from ghl.cards.values import clean

FULL_NAME = "full_name"
"""A column with the whole name in it; `split_name` cuts it in two."""

_ALIASES: Mapping[str, str] = {
    alias: column
    for column, aliases in {
        "first_name": "first givenname forename fname yourfirstname nombre",
        "last_name": "last surname familyname lname yourlastname apellido apellidos",
        FULL_NAME: "name fullname yourname yourfullname firstandlastname firstlastname whatisyourname nombrecompleto",
        "email": "emailaddress mail youremail youremailaddress primaryemail correo correoelectronico",
        "phone": "phonenumber phoneno phonenr phonenum mobile mobilephone mobilenumber mobilephonenumber cell cellphone cellnumber "
        "cellphonenumber telephone tel yourphone yourphonenumber primaryphone primaryphonenumber telefono celular",
        "address": "streetaddress street address1 addressline1 homeaddress mailingaddress homeaddressstreetline1 "
        "addressstreetline1 direccion",
        "city": "town homeaddresscity ciudad",
        "state": "province stateprovince homeaddressstate estado",
        "postal_code": "zip zipcode postcode zippostalcode homeaddresszipcode homeaddresszip codigopostal",
        "birthday": "birthdate dateofbirth dob birth fechadenacimiento",
        "visit_date": "dateofvisit visited servicedate datevisited datevisit carddate dateattended attendeddate "
        "attendedon attended visit visitedon dateofattendance",
        "service": "servicetime serviceattended whichservice whichservicedidyouattend whatservicedidyouattend",
        "campus": "site location campuslocation",
        "first_time": "firsttimeguest firsttimevisitor firstvisit newguest isthisyourfirsttime isthisyourfirstvisit",
        "interests": "interest interestedin iaminterestedin iminterestedin",
        "prayer_request": "prayer prayers prayerrequests prayerneeds howcanwepray howcanweprayforyou",
        "notes": "note comment comments remarks questionsorcomments commentsquestions message",
        "sms_consent": "smsoptin optinsms textoptin optintext textconsent textmessages receivetexts maywetext "
        "maywetextyou canwetext canwetextyou oktotext okaytotext iagreetoreceivetextmessages smsok textok oktext oksms "
        "oktosms smsconsentgiven permissiontotext textpermission smspermission textme wantstexts",
        "email_consent": "emailoptin optinemail mayweemail mayweemailyou canweemail canweemailyou oktoemail okaytoemail "
        "emailok okemail permissiontoemail emailpermission",
        "consent_wording": "consenttext textconsentwording",
        "consent_at": "consentdate datesigned signedon timestamp submittedat submissiondate datesubmitted",
        "adult": "over18 18orolder isadult areyou18orolder areyouover18",
        "guardian_name": "guardian parent parentname parentorguardian parentguardian parentguardianname",
        "guardian_phone": "parentphone parentguardianphone",
        "guardian_consent": "parentconsent guardianpermission parentpermission",
        "volunteer": "wantstovolunteer wouldliketovolunteer interestedinvolunteering iwanttovolunteer",
    }.items()
    for alias in aliases.split()
}
_SECOND_CHOICE: Mapping[str, str] = {
    alias: column
    for column, aliases in {
        "phone": "home homephone homephonenumber phone1 phone2 work workphone workphonenumber contactnumber",
        "email": "homeemail personalemail email1 email2 workemail",
        "address": "workaddressstreetline1",
        "sms_consent": "optin texts texting",
    }.items()
    for alias in aliases.split()
}
"""Names that tell less: taken where nothing better stands in the list (a home phone, where no mobile is)."""

_PARTICLES = frozenset(
    (
        "van",
        "von",
        "der",
        "den",
        "de",
        "da",
        "di",
        "del",
        "della",
        "la",
        "le",
        "st",
        "ter",
        "ten",
        "bin",
        "dos",
        "du",
    )
)
"""Words that belong to the last name when they stand before it (van der Berg, de la Cruz)."""
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
"""Words that belong to the last name when they stand after it."""


class ColumnsError(ValueError):
    """The columns of a table cannot be told apart; the message is a sentence for people."""


def match_columns(names: Sequence[str]) -> tuple[str, ...]:
    """For each name the hub's own column, or the name itself as a church's own question; `""` stays `""`.

    Case, spaces, underscores and signs do not matter. Where `Phone` and `Mobile` both stand, the exact name
    wins and the other is kept as a question. Only `prayer_request` may come back more than once: whatever
    speaks of prayer is one, so that none becomes an ordinary answer that may be sent on. Raises `ColumnsError` where two names are the same.
    """
    cleaned = [clean(name) for name in names]
    taken: set[str] = set()
    matched: dict[int, str] = {}
    for aliases in known_names():
        for place, name in enumerate(cleaned):
            column = aliases.get(plain(name)) or ("prayer_request" if prays(name) else None)
            if not name or place in matched or column is None:
                continue
            if column not in taken or column == "prayer_request":
                taken.add(column)
                matched[place] = column
            elif plain(name) == plain(column):
                raise ColumnsError(f"Two columns are called {name}. Rename one of them.")
    result: list[str] = []
    for place, name in enumerate(cleaned):
        column = matched.get(place, name)
        if column and place not in matched and column.casefold() in {other.casefold() for other in result}:
            raise ColumnsError(f"Two columns are called {name}. Rename one of them.")
        result.append(column)
    return tuple(result)


def names_somebody(columns: Sequence[str]) -> bool:
    """Whether a row under these columns can tell who it is about."""
    return not {"first_name", "last_name", FULL_NAME, "phone", "email"}.isdisjoint(columns)


def split_name(name: str) -> tuple[str, str]:
    """First and last name of a whole name: `Lee, Ann` at the comma, else before the last word.

    Words such as *van der* go with the last name. One word alone is a first name.
    """
    last, comma, first = name.partition(",")
    if comma and first.strip() and plain(first) not in _SUFFIXES:
        return first.strip(), last.strip()
    words = name.replace(",", " ").split()
    cut = max(len(words) - 1, min(len(words), 1))
    if cut > 1 and plain(words[-1]) in _SUFFIXES:
        cut -= 1
    while cut > 1 and plain(words[cut - 1]) in _PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])


def plain(name: str) -> str:
    """A column's name as it is compared: small letters and digits, without accents, spaces and signs."""
    apart = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in apart if sign.isalnum())


def prays(name: str) -> bool:
    """Whether a column speaks of prayer; what stands in it is kept apart and never leaves by itself."""
    return "pray" in name.casefold()


def known_names() -> Iterator[Mapping[str, str]]:
    """Column by plain name, the surest first: our own names, what others call them, what tells less."""
    yield {plain(column): column for column in (*COLUMNS, FULL_NAME)}
    yield _ALIASES
    yield _SECOND_CHOICE
