import threading
import time

import pytest
from tqdm import tqdm

from utils.inference.progress import StageTimes, with_bar
from utils.inference.stages import Stage, run_stages


def test_results_come_in_order():
    slow_first = Stage("a", lambda n: (time.sleep(0.01 if n % 3 == 0 else 0), n + 1)[1])
    jobs = list(run_stages(range(20), [slow_first, Stage("b", lambda n: n * 10)]))
    assert [job.value for job in jobs] == [(n + 1) * 10 for n in range(20)]
    assert [job.item for job in jobs] == list(range(20))
    assert set(jobs[0].seconds) == {"a", "b"}


def test_stages_overlap():
    # The first stage goes on with item n when the second is at n - 1 and the third at n - 2.
    all_at_work = threading.Barrier(3, timeout=60)

    def stage(lead):
        def meet(item):
            if lead <= item < lead + 10:
                all_at_work.wait()
            return item

        return Stage(f"ahead by {lead}", meet)

    jobs = list(run_stages(range(12), [stage(2), stage(1), stage(0)]))
    assert [job.value for job in jobs] == list(range(12))


def test_a_failed_item_stays_with_its_error_and_the_others_go_on():
    def check(n):
        if n == 2:
            raise ValueError("two")
        return n

    jobs = list(run_stages(range(4), [Stage("a", check), Stage("b", lambda n: n + 1)]))
    assert [str(job.error) if job.error else job.value for job in jobs] == [1, 2, "two", 4]


def test_many__the_culprit_is_found_and_the_rest_done():
    sizes = []

    def together(values):
        sizes.append(len(values))
        if 3 in values:
            raise ValueError("three")
        return [value * 2 for value in values]

    jobs = list(run_stages(range(6), [Stage("a", together, many=4)]))
    assert [job.value for job in jobs if job.error is None] == [0, 2, 4, 8, 10]
    assert [job.item for job in jobs if job.error] == [3]
    assert max(sizes) <= 4


def test_a_bug_ends_the_line_and_is_raised():
    def fail(n):
        raise ZeroDivisionError("bug")

    with pytest.raises(ZeroDivisionError, match="bug"):
        list(run_stages(range(4), [Stage("a", fail)]))


def test_an_error_of_the_source_is_raised():
    def items():
        yield 1
        raise KeyError("source")

    with pytest.raises(KeyError, match="source"):
        list(run_stages(items(), [Stage("a", lambda n: n)]))


def test_no_thread_is_left_when_the_reader_stops_early():
    before = threading.active_count()
    jobs = run_stages(iter(range(10**9)), [Stage("a", lambda n: n), Stage("b", lambda n: n)])
    assert next(jobs).value == 0
    jobs.close()
    assert threading.active_count() == before


def test_memory_is_bounded():
    read = []
    jobs = run_stages((read.append(n) for n in range(1000)), [Stage("a", lambda n: n)], depth=2)
    next(jobs)
    time.sleep(0.1)
    assert len(read) < 10
    jobs.close()


def test_with_bar__passes_jobs_on_and_sums_up_long_work(capsys, caplog, monkeypatch):
    monkeypatch.setattr("utils.inference.progress._BAR_AFTER_SECONDS", 0.0)
    caplog.set_level("INFO")
    jobs = list(with_bar(run_stages(range(3), [Stage("a", lambda n: n)]), 3, "image", tqdm))
    assert [job.value for job in jobs] == [0, 1, 2]
    assert "3 images" in caplog.text
    assert "a second; a " in caplog.text


def test_stage_times__of_nothing():
    assert str(StageTimes()) == ""
