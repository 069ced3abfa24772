"""Tables compared."""

import pandas as pd


def assert_equal(a: pd.DataFrame, b: pd.DataFrame) -> None:
    """The same rows in the same order, to the last bit; how they are numbered does not count."""
    pd.testing.assert_frame_equal(a.reset_index(drop=True), b.reset_index(drop=True), check_exact=True)
