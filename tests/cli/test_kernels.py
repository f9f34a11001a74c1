"""Which kernels OpenBLAS is told to use."""

import os

import pytest

from rnn_cli.cli import kernels

WIDE = "fpu avx2 fma avx512f avx512dq avx512cd avx512bw avx512vl avx512_bf16"
ZEN_5 = f"vendor_id\t: AuthenticAMD\ncpu family\t: 26\nflags\t\t: {WIDE}\nbugs\t\t: spectre_v1\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Pretends to run on the processor of this /proc/cpuinfo."""

    def pretend(cpuinfo):
        monkeypatch.setattr(kernels, "CPU", tmp_path / "cpuinfo")
        kernels.CPU.write_text(cpuinfo)

    monkeypatch.setenv("OPENBLAS_CORETYPE", "")  # so that it is put back afterwards
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    return pretend


def test_an_amd_with_avx512_uses_it(machine):
    machine(ZEN_5)
    kernels.choose_kernels()
    assert os.environ["OPENBLAS_CORETYPE"] == "SkylakeX"


@pytest.mark.parametrize(
    "cpuinfo",
    [
        ZEN_5.replace(" avx512f", ""),
        ZEN_5.replace("AuthenticAMD", "GenuineIntel"),  # which OpenBLAS tells apart itself
        "processor\t: 0\nFeatures\t: fp asimd\n",
        "",
    ],
)
def test_others_are_left_to_openblas(machine, cpuinfo):
    machine(cpuinfo)
    kernels.choose_kernels()
    assert "OPENBLAS_CORETYPE" not in os.environ


def test_what_the_user_chose_stays(machine, monkeypatch):
    machine(ZEN_5)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    kernels.choose_kernels()
    assert os.environ["OPENBLAS_CORETYPE"] == "Haswell"


def test_a_system_without_cpuinfo(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "CPU", tmp_path / "none")
    kernels.choose_kernels()
