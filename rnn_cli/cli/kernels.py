"""Which of its kernels OpenBLAS, the library of NumPy's products, is told to use."""

import os
import re
from pathlib import Path

CPU = Path("/proc/cpuinfo")  # on Linux; other systems are left as they are
AVX512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}  # what the kernels of SkylakeX use


def choose_kernels() -> None:
    """Before NumPy is imported, and unless the user has chosen: on an AMD processor with AVX-512, the
    kernels written for it. OpenBLAS 0.3.31 takes a Zen 5 for a Haswell, whose kernels run at half the rate.
    """
    if CPU.exists() and is_wide_amd(CPU.read_text(errors="replace")):
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")  # ignored by one that lacks them


def is_wide_amd(cpuinfo: str) -> bool:
    flags = re.search(r"^flags\s*:(.*)", cpuinfo, re.MULTILINE)
    return "AuthenticAMD" in cpuinfo and flags is not None and set(flags[1].split()) >= AVX512
