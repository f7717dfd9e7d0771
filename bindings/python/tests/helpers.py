"""What several test modules use."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def fails_with(*names: str) -> Generator[None]:
    """Expect the OSError of one of the errnos named."""
    with pytest.raises(OSError) as caught:
        yield
    name = caught.value.filename
    assert name in names, f"{name} is not in {names}"
