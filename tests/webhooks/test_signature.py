"""Who signed a body, by itself."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ghl.webhooks.signature import MAX_KEYS, PUBLISHED, WebhookKeysError, read_keys, signed_by
from tests.webhooks.conftest import pem_of

OLD, NEW = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BOTH = read_keys(pem_of(OLD) + pem_of(NEW))
WITH_RSA = read_keys(pem_of(NEW) + pem_of(RSA), rsa=True)
BODY = b'{"type": "ContactUpdate"}'


def signed(key, body=BODY):
    return base64.b64encode(key.sign(body)).decode()


def signed_rsa(body=BODY):
    return base64.b64encode(RSA.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


def check(keys, ed25519=(), rsa=(), body=BODY):
    return signed_by(body, ed25519=list(ed25519), rsa=list(rsa), keys=keys)


def test_each_of_several_keys_counts_and_is_named():
    old, new = check(BOTH, [signed(OLD)]), check(BOTH, [signed(NEW)])
    assert old != new
    assert {old, new} == set(BOTH.ed25519)
    assert check(read_keys(pem_of(NEW)), [signed(OLD)]) is None


def test_the_published_keys_are_read_and_rsa_only_where_wanted():
    assert len(read_keys().ed25519) == 1
    assert not read_keys().rsa
    assert len(read_keys(PUBLISHED, rsa=True).rsa) == 1


@pytest.mark.parametrize("nothing", [[], ["N/A"], [""], ["="], ["x" * 5000], [signed(NEW)] * 2, ["é"]])
def test_no_signature_is_none(nothing):
    assert check(BOTH, nothing) is None


def test_the_older_way_counts_only_where_the_setting_says_so():
    assert check(WITH_RSA, rsa=[signed_rsa()]).startswith("rsa:")
    assert check(WITH_RSA, ["N/A"], [signed_rsa()]).startswith("rsa:")
    assert check(read_keys(pem_of(NEW) + pem_of(RSA)), rsa=[signed_rsa()]) is None
    assert check(WITH_RSA, rsa=[signed_rsa(b"other")]) is None


def test_a_wrong_signature_is_not_mended_by_the_older_one():
    assert check(WITH_RSA, [signed(OLD)], [signed_rsa()]) is None


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no key",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        pem_of(RSA),
        pem_of(NEW) * (MAX_KEYS + 1),
    ],
)
def test_a_file_that_will_not_do_is_told(pem):
    with pytest.raises(WebhookKeysError):
        read_keys(pem)


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(0, 7))
def test_one_changed_bit_is_another_body(body, place, bit):
    body = body or b"{}"
    changed = bytearray(body)
    changed[place % len(body)] ^= 1 << bit
    assert check(BOTH, [signed(NEW, body)], body=body)
    assert check(BOTH, [signed(NEW, body)], body=bytes(changed)) is None


@given(st.text(max_size=100), st.binary(max_size=100))
def test_any_header_is_taken_without_a_crash(header, body):
    assert check(WITH_RSA, [header], [header], body=body) is None
