"""What this machine offers, and what is made of the limits of a control group."""

import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from rnn_cli import machine


def blas_thread_counts():
    np.ones((2, 2)) @ np.ones((2, 2))
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def limit(tmp_path, monkeypatch):
    """Let the control group's file for cores or memory say this."""

    def call(name, text):
        path = tmp_path / name
        path.write_text(text)
        monkeypatch.setattr(machine, name, path)

    return call


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("50000 100000\n", 1),
        ("10000000 100000\n", 8),
        ("", 8),
        ("what\n", 8),
    ],
)
def test_threads_are_the_cores_of_this_process_or_the_whole_ones_of_its_quota(
    quota, cores, limit, monkeypatch
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    limit("CORES_OF_GROUP", quota)
    assert machine.available_threads() == cores


def test_without_a_control_group_the_cores_of_this_process_count(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    monkeypatch.setattr(machine, "CORES_OF_GROUP", tmp_path / "none")
    assert machine.available_threads() == 2


def test_memory_is_the_machines_or_the_groups_where_that_is_less(limit, monkeypatch):
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}.__getitem__)
    for text, size in [("max\n", 4_096_000), ("1000000\n", 1_000_000), ("9" * 18, 4_096_000)]:
        limit("MEMORY_OF_GROUP", text)
        assert machine.total_memory() == size


def test_the_memory_of_this_process_is_what_it_has_resident():
    before = machine.resident_memory()
    held = np.ones(1 << 26, np.uint8)  # too large for memory that was held before
    assert 10 << 20 < before < machine.total_memory()
    assert machine.resident_memory() >= before + (len(held) >> 1)


def test_small_products_have_one_thread_whatever_there_is(monkeypatch):
    monkeypatch.setattr(machine, "available_threads", lambda: 8)
    assert machine.product_threads(64 * 512 * 512) == 1
    assert machine.product_threads(64 * 128 * 128, threads=4) == 1


def test_products_as_large_as_pay_have_the_cores_that_were_given_and_larger_ones_all(monkeypatch):
    monkeypatch.setattr(machine, "available_threads", lambda: 8)
    assert machine.product_threads(64 * 512 * 512, threads=4) == 4
    assert machine.product_threads(4096 * 1024 * 1024) == 8
    assert machine.product_threads(4096 * 1024 * 1024, threads=1) == 1


def test_products_have_so_many_threads_inside_and_their_own_after():
    with machine.blas_threads(2):
        assert blas_thread_counts() == {2}
        with machine.blas_threads(1):
            assert blas_thread_counts() == {1}
            with machine.blas_threads(None):
                assert blas_thread_counts() == {1}
        assert blas_thread_counts() == {2}
