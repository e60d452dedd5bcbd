"""Keys from AWS Secrets Manager: the text of one secret, read with whatever credentials the machine has.

The library is the extra `aws`. Region and credentials are looked for as every AWS program does it.
"""

import re

from ghl.crypto import KeyRingError
from ghl.keys.sources import CONNECT_SECONDS, READ_SECONDS

ARN = re.compile(r"arn:[a-z-]+:secretsmanager:(?P<region>[a-z0-9-]+):\d+:secret:.+")


class AwsSource:
    """A secret by its name or ARN; the ARN says its region."""

    setting = "HUB_ENCRYPTION_KEYS_AWS"
    changes = True

    def __init__(self, secret: str) -> None:
        self._secret = secret.strip()

    def read(self) -> str:
        """The secret's newest text. Raises `KeyRingError`; no message repeats what AWS said."""
        try:
            import boto3  # noqa: PLC0415 - an extra
            from botocore.config import Config  # noqa: PLC0415
            from botocore.exceptions import BotoCoreError, ClientError, NoRegionError  # noqa: PLC0415
        except ImportError as error:
            raise KeyRingError(
                "The library for AWS is missing: install the hub with the extra `aws`."
            ) from error
        arn = ARN.fullmatch(self._secret)
        settings = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            # One try more for a blip; who starts is not kept waiting.
            retries={"total_max_attempts": 2, "mode": "standard"},
        )
        try:
            # A session of our own: boto3's shared one is not for several threads.
            client = boto3.session.Session().client(
                "secretsmanager", region_name=arn["region"] if arn else None, config=settings
            )
            found = client.get_secret_value(SecretId=self._secret)
        except NoRegionError as error:
            raise KeyRingError(
                "AWS needs a region: give the secret's ARN, or set AWS_DEFAULT_REGION."
            ) from error
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "no reason given"))
            if code == "ResourceNotFoundException":
                raise KeyRingError(f"There is no secret {self._secret} in AWS Secrets Manager.") from error
            raise KeyRingError(f"AWS Secrets Manager refused: {code}.") from error
        except (BotoCoreError, ValueError) as error:
            raise KeyRingError(f"AWS Secrets Manager does not answer: {type(error).__name__}.") from error
        text = found.get("SecretString")
        if not text:
            raise KeyRingError(f"The secret {self._secret} in AWS Secrets Manager holds no text.")
        return str(text)
