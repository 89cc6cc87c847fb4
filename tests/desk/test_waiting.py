"""Reading Retry-After."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from deskgate.desk.waiting import retry_after_seconds
from fakes import NOON


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("93", 93.0),
        (" 2.5 ", 2.5),
        ("0", 0.0),
        ("9" * 400, 86_400.0),
        ("-1", None),
        ("²", None),
        (".", None),
        ("1,5", None),
        ("inf", None),
        ("tomorrow", None),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOON - timedelta(seconds=90), usegmt=True), 0.0),
        (format_datetime(NOON + timedelta(days=400), usegmt=True), 86_400.0),
        ("Wed, 28 Jan 2026 12:01:00 -0000", 60.0),
        ("Wed, 28 Jan 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value, seconds):
    assert retry_after_seconds(value, NOON) == seconds
