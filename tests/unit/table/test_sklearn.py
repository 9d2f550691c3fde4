"""TableGAN is an estimator as scikit-learn has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from gansmith import TableGAN
from gansmith.errors import TableError

SMALL = {"generator.width": 8, "discriminator.width": 8, "train.batch_size": 32}
TOO_FEW = "a table has at least 20 rows"
# What these ask is meant, but they ask it of tables of 1, 10 and 15 rows.
EXPECTED = {
    "check_fit2d_1sample": TOO_FEW,
    "check_fit2d_1feature": TOO_FEW,
    "check_n_features_in_after_fitting": TOO_FEW,
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*does not inherit")
@parametrize_with_checks(
    [TableGAN(samples=64, settings=SMALL)], expected_failed_checks=lambda estimator: EXPECTED
)
def test_its_checks_pass(estimator: TableGAN, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("table", "hint"),
    [(np.zeros(5), "1 dimensions"), (np.zeros((30, 2), complex), "Complex"),
     (np.zeros((15, 2)), "15 rows"), (np.zeros((0, 3)), "no rows")],
)  # fmt: skip
def test_what_is_no_table_is_a_value_error(table: np.ndarray, hint: str) -> None:
    with pytest.raises(ValueError, match=hint) as caught:
        TableGAN(samples=64).fit(table)
    assert isinstance(caught.value, TableError)
    assert "gansmith-table" not in str(caught.value)
