"""Failures of the suite that is taken over show their values."""

import pytest

pytest.register_assert_rewrite("robots.conformance")
