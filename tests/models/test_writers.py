"""Any model that writes: what it takes to load one."""

import subprocess
import sys

from rnn_cli.models.writers import load_writer


def test_a_language_model_is_read_without_what_labels_need(untrained, tmp_path):
    untrained(("a", "b")).save(tmp_path / "m.npz")
    assert load_writer(tmp_path / "m.npz").sample(num=2, seed=1, length=5)
    program = (
        "import sys; from rnn_cli.models.writers import load_writer; "
        f"load_writer({str(tmp_path / 'm.npz')!r}); "
        "sys.exit('rnn_cli.models.conditional' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
