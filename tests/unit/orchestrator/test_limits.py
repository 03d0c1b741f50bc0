from orchestrator.limits import JITTER, LONGEST_PAUSE_S, RetryRules


def test_pauses_grow_by_the_factor_up_to_an_hour() -> None:
    rules = RetryRules(limit=100, delay_s=5, factor=4, jitter=False)
    assert [rules.pause_s(failures) for failures in (1, 2, 3)] == [5, 20, 80]
    assert rules.pause_s(99) == LONGEST_PAUSE_S
    assert RetryRules(limit=10_000, delay_s=1, factor=100, jitter=False).pause_s(10_000) == LONGEST_PAUSE_S


def test_jitter_varies_a_pause_by_a_fifth_at_most() -> None:
    rules = RetryRules(limit=3, delay_s=10, factor=1, jitter=True)
    pauses = {rules.pause_s(1) for _ in range(200)}
    assert len(pauses) > 100
    assert 10 * (1 - JITTER) <= min(pauses) < max(pauses) <= 10 * (1 + JITTER)
