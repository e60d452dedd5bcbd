"""Each source gives its keys, and one that is away, shut, or gives nonsense is one clear line with its setting."""

import json
import subprocess
import sys

import boto3
import pytest

from ghl.crypto import Context, KeyRingError, UnsealError, new_key_line
from ghl.ids import new_id
from ghl.keys import sources
from ghl.keys.sources import load_key_ring, open_to_others

HERE = Context("credentials", "sealed", new_id(), new_id())


def refused(settings) -> str:
    with pytest.raises(KeyRingError) as told:
        load_key_ring(settings)
    line = str(told.value)
    assert "\n" not in line
    return line


class TestWhichSource:
    def test_none(self, settings):
        assert "HUB_ENCRYPTION_KEYS" in refused(settings())
        assert "No encryption key is set" in refused(settings(encryption_keys=""))

    def test_two_are_refused_by_name(self, settings, tmp_path):
        line = refused(settings(encryption_keys=new_key_line(1), encryption_keys_file=tmp_path / "keys"))
        assert line.startswith("HUB_ENCRYPTION_KEYS and HUB_ENCRYPTION_KEYS_FILE")

    def test_the_environment(self, settings):
        ring = load_key_ring(settings(encryption_keys=f"{new_key_line(1)},{new_key_line(2)}"))
        assert (ring.versions, ring.newest, ring.source) == ((1, 2), 2, "HUB_ENCRYPTION_KEYS")

    def test_a_bad_ring_names_its_setting_and_shows_nothing(self, settings):
        line = refused(settings(encryption_keys="1:hunter2"))
        assert line == "HUB_ENCRYPTION_KEYS: Encryption key 1 is not base64."

    def test_nothing_of_a_secrets_manager_is_imported_until_it_is_named(self):
        code = "import sys, ghl.keys.sources, ghl.keys.check, ghl.keys.rotation, jobs.container;"
        code += "print([m for m in ('hvac', 'boto3', 'botocore', 'requests') if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestAFile:
    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "keys"
        path.write_text(f"# made today\n{new_key_line(1)}\n")
        path.chmod(0o600)
        return path

    def test_it_is_read(self, settings, path):
        assert load_key_ring(settings(encryption_keys_file=path)).versions == (1,)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o444])
    def test_one_that_others_may_read_is_refused(self, settings, path, mode):
        path.chmod(mode)
        line = refused(settings(encryption_keys_file=path))
        assert line.startswith(f"HUB_ENCRYPTION_KEYS_FILE: The key file {path} may be read by others")

    def test_a_link_is_as_private_as_what_it_leads_to(self, settings, path, tmp_path):
        """As Kubernetes mounts a secret."""
        link = tmp_path / "mounted"
        link.symlink_to(path)
        assert load_key_ring(settings(encryption_keys_file=link)).versions == (1,)
        path.chmod(0o644)
        assert "may be read by others" in refused(settings(encryption_keys_file=link))

    @pytest.mark.parametrize(
        ("mode", "owner", "group", "us", "open_"),
        [
            (0o600, 1000, 1000, 1000, False),
            (0o400, 1000, 1000, 1000, False),
            (0o440, 0, 2000, 1000, False),  # fsGroup of Kubernetes
            (0o640, 0, 2000, 1000, False),
            (0o440, 0, 3000, 1000, True),  # a group that is not ours
            (0o460, 0, 2000, 1000, True),
            (0o444, 0, 2000, 1000, True),  # Docker's own default
            (0o440, 1000, 2000, 1000, True),
            (0o440, 0, 0, 0, True),
        ],
    )
    def test_whose_rights_count(self, mode, owner, group, us, open_):
        assert open_to_others(mode, owner=owner, group=group, us=us, groups={2000}) is open_

    @pytest.mark.parametrize("what", ["missing", "folder", "binary"])
    def test_what_cannot_be_read(self, settings, path, tmp_path, what):
        asked = {"missing": tmp_path / "nowhere", "folder": tmp_path, "binary": path}[what]
        path.write_bytes(b"\xff\xfe\x00")
        assert "cannot be read" in refused(settings(encryption_keys_file=asked))

    def test_a_key_that_is_added_comes_in_when_it_is_looked_for(self, settings, path):
        ring = load_key_ring(settings(encryption_keys_file=path))
        with path.open("a") as file:
            file.write(f"{new_key_line(2)}\n")
        sealed = load_key_ring(settings(encryption_keys_file=path)).seal("secret", HERE)
        with pytest.raises(UnsealError, match="key 2 is not among"):
            ring.open(sealed, HERE)
        ring.look_again(right=list)
        assert ring.open(sealed, HERE).get_secret_value() == "secret"
        assert ring.newest == 2

    def test_a_file_that_is_half_written_changes_nothing(self, settings, path):
        ring = load_key_ring(settings(encryption_keys_file=path))
        sealed = ring.seal("secret", HERE)
        path.write_text("2:abc")
        ring.look_again(right=list)
        assert ring.versions == (1,)
        assert ring.open(sealed, HERE).get_secret_value() == "secret"


class TestVault:
    def test_by_token(self, settings, any_vault):
        any_vault.put("hub/by-token", keys=new_key_line(1), other=new_key_line(7))
        address = f"{any_vault.url}/secret/hub/by-token"
        ring = load_key_ring(settings(encryption_keys_vault=address, vault_token=any_vault.token))
        assert (ring.versions, ring.source) == ((1,), "HUB_ENCRYPTION_KEYS_VAULT")
        other = load_key_ring(settings(encryption_keys_vault=f"{address}#other", vault_token=any_vault.token))
        assert other.versions == (7,)

    def test_by_approle_and_a_key_that_is_added(self, settings, any_vault):
        any_vault.put("hub/by-role", keys=new_key_line(1))
        named = {
            "encryption_keys_vault": f"{any_vault.url}/secret/hub/by-role",
            "vault_role_id": any_vault.role_id,
            "vault_secret_id": any_vault.secret_id,
        }
        ring = load_key_ring(settings(**named))
        any_vault.put("hub/by-role", keys=f"{new_key_line(1)}\n{new_key_line(2)}")
        ring.look_again(right=list)
        assert ring.versions == (1, 2)
        assert "refused" in refused(settings(**{**named, "vault_secret_id": "wrong"}))

    def test_by_the_account_of_a_pod(self, vault, tmp_path):
        account = tmp_path / "token"
        account.write_text("jwt-of-the-pod\n")
        from ghl.keys.vault import VaultSource

        vault.accounts["hub"] = "jwt-of-the-pod"
        vault.put("hub/pod", keys=new_key_line(3))
        source = VaultSource(f"{vault.url}/secret/hub/pod", kubernetes_role="hub", account_token=account)
        assert source.read().startswith("3:")
        nowhere = VaultSource(
            f"{vault.url}/secret/hub/pod", kubernetes_role="hub", account_token=tmp_path / "no"
        )
        with pytest.raises(KeyRingError, match="cannot be read"):
            nowhere.read()

    def test_what_a_real_one_refuses(self, settings, any_vault):
        def ask(path="hub/there", token=any_vault.token):
            return refused(
                settings(encryption_keys_vault=f"{any_vault.url}/secret/{path}", vault_token=token)
            )

        any_vault.put("hub/there", keys=new_key_line(1))
        any_vault.put("hub/gone", keys=new_key_line(1))
        any_vault.delete("hub/gone")
        any_vault.put("hub/empty", other="x")
        assert "does not let this hub read" in ask(token="hvs.wrong")
        assert "There is no secret" in ask("hub/nowhere")
        assert "There is no secret" in ask("hub/gone")
        assert "has no field 'keys'" in ask("hub/empty")
        elsewhere = settings(
            encryption_keys_vault=f"{any_vault.url}/other/hub/there", vault_token=any_vault.token
        )
        assert "There is no secret" in refused(elsewhere)

    @pytest.mark.parametrize(
        ("nasty", "says"),
        [
            ("sealed", "is sealed"),
            ("html", "has no field"),
            ("error", "refused"),
            ("redirect", "has no field"),
            ("hangs", "does not answer"),
        ],
    )
    def test_a_nasty_one(self, settings, vault, monkeypatch, nasty, says):
        monkeypatch.setattr("ghl.keys.vault.READ_SECONDS", 0.3)
        vault.nasty = nasty
        line = refused(settings(encryption_keys_vault=f"{vault.url}/secret/hub", vault_token="root-token"))
        assert line.startswith("HUB_ENCRYPTION_KEYS_VAULT: ")
        assert says in line
        assert "root-token" not in line

    def test_nobody_there(self, settings):
        line = refused(settings(encryption_keys_vault="http://127.0.0.1:1/secret/hub", vault_token="t"))
        assert line.startswith("HUB_ENCRYPTION_KEYS_VAULT: Vault at http://127.0.0.1:1 does not answer")

    @pytest.mark.parametrize(
        ("address", "named", "says"),
        [
            ("vault.example.org/secret/hub", {"vault_token": "t"}, "must look like"),
            ("https://vault.example.org/secret", {"vault_token": "t"}, "must look like"),
            ("https://me:pass@vault.example.org/secret/hub", {"vault_token": "t"}, "must look like"),
            ("http://vault.example.org/secret/hub", {"vault_token": "t"}, "must begin with https://"),
            ("https://vault.example.org/secret/hub", {}, "say how to sign in"),
            ("https://vault.example.org/secret/hub", {"vault_role_id": "r"}, "say how to sign in"),
            (
                "https://vault.example.org/secret/hub",
                {"vault_token": "t", "vault_kubernetes_role": "hub"},
                "in one way",
            ),
        ],
    )
    def test_what_is_wrong_is_said_before_anybody_is_asked(self, settings, address, named, says):
        line = refused(settings(encryption_keys_vault=address, **named))
        assert line.startswith("HUB_ENCRYPTION_KEYS_VAULT: ")
        assert says in line


class TestAws:
    @pytest.fixture
    def store(self, aws, monkeypatch):
        for name, value in {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws,
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "hunter2",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
        client = boto3.client("secretsmanager", region_name="us-east-2")

        def store(**secret):
            return client.create_secret(Name=f"hub-{new_id()}", **secret)

        yield store, client
        client.close()

    def test_by_arn_and_by_name_and_a_key_that_is_added(self, settings, store, monkeypatch):
        keep, client = store
        made = keep(SecretString=new_key_line(1))
        ring = load_key_ring(settings(encryption_keys_aws=made["ARN"]))
        assert (ring.versions, ring.source) == ((1,), "HUB_ENCRYPTION_KEYS_AWS")
        client.put_secret_value(SecretId=made["ARN"], SecretString=f"{new_key_line(1)},{new_key_line(2)}")
        ring.look_again(right=list)
        assert ring.versions == (1, 2)
        assert "AWS needs a region" in refused(settings(encryption_keys_aws=made["Name"]))
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
        assert load_key_ring(settings(encryption_keys_aws=made["Name"])).versions == (1, 2)

    def test_what_it_refuses(self, settings, store, monkeypatch):
        keep, _ = store
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
        assert "There is no secret nowhere" in refused(settings(encryption_keys_aws="nowhere"))
        assert "holds no text" in refused(settings(encryption_keys_aws=keep(SecretBinary=b"x")["ARN"]))
        line = refused(settings(encryption_keys_aws=keep(SecretString=json.dumps({"a": "hunter2"}))["ARN"]))
        assert line.startswith("HUB_ENCRYPTION_KEYS_AWS: An encryption key must look like")
        assert "hunter2" not in line

    def test_nobody_there(self, settings, store, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
        arn = "arn:aws:secretsmanager:us-east-2:123456789012:secret:hub-abc"
        assert "does not answer" in refused(settings(encryption_keys_aws=arn))


def test_a_library_that_is_not_installed_is_named(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "hvac", None)
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert "extra `vault`" in refused(
        settings(encryption_keys_vault="https://vault.example.org/secret/hub", vault_token="t")
    )
    assert "extra `aws`" in refused(settings(encryption_keys_aws="hub"))
    assert sources.CONNECT_SECONDS + sources.READ_SECONDS < 10
