from collections.abc import Iterator

import trio

from batch.monitor import CpuMonitor, CpuTimes, read_cpu_times


def readings(*rows: tuple[float, float, float]) -> Iterator[CpuTimes]:
    """Clock, busy and own seconds of a machine with two cores."""
    return (CpuTimes(at_s, busy_s, own_s, cores=2) for at_s, busy_s, own_s in rows)


def test_the_batchs_own_work_does_not_count_as_load() -> None:
    rows = readings((0, 0, 0), (1, 2.0, 2.0), (2, 4.0, 2.5))
    monitor = CpuMonitor(85, 1, lambda: next(rows))
    monitor.sample()
    assert monitor.others_percent == 0
    monitor.sample()
    assert monitor.others_percent == 75
    assert monitor.average_percent == 100


def test_counters_that_go_backwards_never_give_a_load_out_of_range() -> None:
    rows = readings((0, 0, 5), (1, 1.0, 1.0), (1, 1.0, 1.0), (2, 0.5, 0))
    monitor = CpuMonitor(85, 1, lambda: next(rows))
    for _ in range(3):
        monitor.sample()
        assert 0 <= monitor.others_percent <= 100


async def test_a_start_waits_while_others_need_the_machine_and_goes_on_when_they_do_not(
    autojump_clock: trio.testing.MockClock,
) -> None:
    monitor = CpuMonitor(85, 1.0, lambda: CpuTimes(0, 0, 0, 2))
    monitor.others_percent = 99

    async def calm_down() -> None:
        await trio.sleep(30)
        monitor.others_percent = 10

    async with trio.open_nursery() as nursery:
        nursery.start_soon(calm_down)
        began = trio.current_time()
        await monitor.wait_for_turn(lambda: 1)
        assert 30 <= trio.current_time() - began <= 32
    assert not monitor.throttled


async def test_with_no_book_running_a_start_never_waits(autojump_clock: trio.testing.MockClock) -> None:
    monitor = CpuMonitor(85, 1.0, lambda: CpuTimes(0, 0, 0, 2))
    monitor.others_percent = 100
    running = [1]

    async def finish() -> None:
        await trio.sleep(5)
        running.clear()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(finish)
        began = trio.current_time()
        await monitor.wait_for_turn(lambda: len(running))
        assert trio.current_time() - began < 7


def test_the_real_counters_grow() -> None:
    before = read_cpu_times()
    sum(range(2_000_000))
    after = read_cpu_times()
    assert after.at_s > before.at_s
    assert after.own_s > before.own_s
    assert after.busy_s >= before.busy_s
