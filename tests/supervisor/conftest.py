"""Folders and process lists for the supervisor's tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def folder_to_be() -> Iterator[Path]:
    """A short path that does not exist yet, in a folder that every user may enter; gone at the end."""
    parent = Path(tempfile.mkdtemp(prefix="hubtest-", dir="/tmp"))
    if os.geteuid() == 0:
        parent.chmod(0o711)
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder of this test's own, not made yet."""
    with folder_to_be() as folder:
        yield folder


@pytest.fixture(scope="session")
def shared_data_dir() -> Iterator[Path]:
    """A data folder that tests share one after the other: its cluster is made once."""
    with folder_to_be() as folder:
        yield folder
