"""What the launcher hands to Streamlit, and what it says where it cannot listen."""

import socket

import pytest
import streamlit.config

from dashboard.web import PortTakenError, run, streamlit_options
from ghl.config import Settings


def test_every_option_is_one_that_streamlit_knows():
    options = streamlit_options(Settings(public_url="https://hub.example"), "127.0.0.1", 8501)
    unknown = [name for name in options if name not in streamlit.config._config_options_template]
    assert unknown == []
    assert options["browser.gatherUsageStats"] is False
    assert options["server.enableAgentApi"] is False
    assert options["server.enableXsrfProtection"] is True
    assert options["browser.serverAddress"] == "hub.example"
    assert options["server.port"] == 8501


def test_a_port_in_use_is_one_clear_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"can't listen on 127\.0\.0\.1:{port}: Address already"):
            run(Settings(), "127.0.0.1", port)
