"""Addresses as they are kept: an e-mail address that can be written to, a telephone number in the E.164 form.

Only the form is judged, offline: nobody is asked whether the mailbox exists. What was given is never repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import phonenumbers
from babel.core import get_global
from email_validator import EmailNotValidError, validate_email

from pro_service.domain.errors import Invalid, Problem
from pro_service.domain.participants import Contact

EMAIL_EXPECTED = "expected an e-mail address such as name@example.org"
PHONE_EXPECTED = "expected a telephone number that can exist, best with its country, such as +31 6 12345678"


def problems(contact: Contact, *, timezone: str) -> Iterator[Problem]:
    """What cannot be an address, by field. A number without a country is read as one of the zone's country."""
    if contact.email is not None and _email(contact.email) is None:
        yield Problem(EMAIL_EXPECTED, "email")
    if contact.phone is not None and _phone(contact.phone, timezone) is None:
        yield Problem(PHONE_EXPECTED, "phone")


def kept(contact: Contact, *, timezone: str) -> Contact:
    """The contact with its addresses in the form they are kept in. Invalid names each that cannot be one."""
    found = list(problems(contact, timezone=timezone))
    if found:
        raise Invalid("this contact cannot be kept", problems=found)
    return replace(
        contact,
        email=None if contact.email is None else _email(contact.email),
        phone=None if contact.phone is None else _phone(contact.phone, timezone),
    )


def email(text: str) -> str:
    """An e-mail address in the form it is kept in; Invalid where it cannot be one."""
    found = _email(text)
    if found is None:
        raise Invalid(EMAIL_EXPECTED)
    return found


def phone(text: str, *, timezone: str) -> str:
    """A telephone number in the form it is kept in; Invalid where it cannot be one."""
    found = _phone(text, timezone)
    if found is None:
        raise Invalid(PHONE_EXPECTED)
    return found


def readings(text: str, *, timezones: Collection[str]) -> Iterator[tuple[str, Contact]]:
    """What somebody typed may be an e-mail address or a number of one of these zones' countries: by channel."""
    mailbox = _email(text)
    if mailbox is not None:
        yield "email", Contact(email=mailbox)
    for number in sorted({number for zone in timezones or ("",) if (number := _phone(text, zone)) is not None}):
        yield "sms", Contact(phone=number)


def _email(text: str) -> str | None:
    try:  # names under .test exist nowhere: letting them pass harms nobody, and rehearsals use them
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


def _phone(text: str, timezone: str) -> str | None:
    country = get_global("zone_territories").get(timezone)
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
