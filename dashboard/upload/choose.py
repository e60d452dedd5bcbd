"""The first step of *Import a list*: a file is chosen and read, or a sample taken. It saves nothing."""

import streamlit as st

from dashboard.formatting import number, one_line
from dashboard.seat import Seat
from dashboard.upload import words
from dashboard.upload.desk import Desk
from dashboard.upload.lately import Lately
from ghl.cards.list_file import MAX_LIST_ROWS
from ghl.cards.table import TableError

TYPES = ["csv", "tsv", "txt", "xlsx", "xlsm", "xls"]
"""An old Excel file may be chosen as well: then we can say how to save it anew."""


class Choose:
    """The step as it is drawn, with the lists of the last days below."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def draw(self, desk: Desk) -> None:
        """Draws the step; a file that can be read leads to the next one at once."""
        st.text(
            f"A list from Excel, Google Sheets or another program: CSV or XLSX, up to 20 MB and "
            f"{number(MAX_LIST_ROWS)} rows. Nothing is saved before you have seen what will happen."
        )
        chosen = st.file_uploader("Choose a file", type=TYPES, key=f"{desk.form}_file")
        if chosen is not None:
            with st.spinner("Reading the list…"):
                try:
                    desk.open(one_line(chosen.name, 200), chosen.getvalue())
                except TableError as problem:
                    desk.trouble = str(problem)
                else:
                    st.rerun()
            st.error(desk.trouble, title="This file can't be read", icon=":material/error:")
        _sample()
        Lately(self._seat.hub, self._seat.viewer).show()


def _sample() -> None:
    with st.container(border=True, gap="small", key="sample"):
        st.header("No list yet?", anchor=False)
        st.text("Download a sample, put your people into it, and choose it above. Delete the two examples.")
        st.download_button(
            "Download a sample file",
            data=words.sample_file(),
            file_name="cards-sample.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="sample_file",
        )
        with st.expander("What each column means"):
            st.markdown(words.explained())
            st.text("Your own names are fine: Given name, Cell, Zip and many others are known.")
