"""Sizes are read as people write them, and written as people read them."""

import pytest

from flowlab.errors import ParameterError
from flowlab.store.sizes import parse_size, size_text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20G", 20 * 10**9),
        ("20 GB", 20 * 10**9),
        (" 1.5t ", 1_500_000_000_000),
        ("500m", 500_000_000),
        ("3kB", 3000),
        ("1048576", 1_048_576),
        ("1", 1),
    ],
)
def test_units_are_powers_of_a_thousand(text: str, size: int) -> None:
    assert parse_size(text, "quota") == size


@pytest.mark.parametrize(
    "text", ["", "G", "-1G", "0", "0.1", "20X", "20 G G", "1e9", "nan", "inf", "٢٠G", "20GiB", "9" * 400, "20G\n; rm"]
)
def test_a_wrong_size_is_refused_with_name_value_and_remedy(text: str) -> None:
    with pytest.raises(ParameterError, match=r"FLOWLAB_QUOTA is ‘.*’: give a size such as 20G") as told:
        parse_size(text, "FLOWLAB_QUOTA")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (2_641_803, "2.64 MB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (20 * 10**9, "20 GB"),
        (5_000 * 10**12, "5000 TB"),
    ],
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert size_text(size) == text
