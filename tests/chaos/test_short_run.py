"""The essential half of `make chaos`: each fault once and briefly, on the real processes, and all checks after it."""

import pytest

from tests.chaos.run import Plan, run


@pytest.mark.timeout(900)
def test_every_fault_once_and_nothing_is_lost_or_doubled(tmp_path):
    plan = Plan.short(2026)
    result = run(plan, evidence=tmp_path)
    assert [f"{one.kind}: {one.what}" for one in result.violations] == []
    assert result.cards > 30
    assert set(result.faults) == {fault.kind for fault in plan.faults}
    assert len(result.struck) >= 12
