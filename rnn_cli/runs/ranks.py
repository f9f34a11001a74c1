"""A run on several ranks (training/parallel/world.py): what they agree on before it begins and at each
save."""

import hashlib
import math
import os
import stat
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import NamedTuple

from rnn_cli.errors import RnnError, UsageError
from rnn_cli.machine import available_threads
from rnn_cli.network.arrays import Parameters
from rnn_cli.printing import counted
from rnn_cli.runs.data import input_files
from rnn_cli.runs.notices import Notice
from rnn_cli.runs.prepare import usual_threads
from rnn_cli.runs.run import Run
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.together import refuse_other_texts
from rnn_cli.training.parallel.executor import Executor, worthwhile_threads
from rnn_cli.training.parallel.world import World
from rnn_cli.training.state import TrainingState


class Division(NamedTuple):
    """How the rows of a batch are divided: among ranks, and among each rank's threads."""

    ranks: int
    threads: int

    @property
    def shards(self) -> int:
        return self.ranks * self.threads

    def same_bits(self, other: "Division") -> bool:
        """Return whether both sum the same shards in the same order."""
        if self == other:
            return True
        return self.shards == other.shards and 1 in self and 1 in other


def refuse_read_once(world: World, settings: Settings) -> None:
    """Raise UsageError, on all ranks, for inputs that can be read only once: standard input, which reaches
    only rank 0, and pipes, which would give each rank a part."""
    if world.size == 1:
        return
    if "-" in (*settings.corpus, settings.valid):
        raise UsageError("a run on several ranks cannot read standard input: name a file")
    own = next(filter(_is_pipe, input_files(settings)), None)
    for path in world.exchange([own] * world.size):
        if path is not None:
            what = "a run on several ranks cannot read a pipe"
            raise UsageError(f"{path}: {what}: write what comes through it to a file, and name the file")


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:  # reported when it is read
        return False


def divided(
    run: Run, world: World, threads: int | None, saved: Division | None
) -> Generator[Notice, None, Run]:
    """Return the run that all ranks share: with the decisions of rank 0, and its rows divided among ranks.

    threads: per rank, as requested; None: as in the saved run, or as many as make it faster. saved: how a
    resumed run was divided. Raises RnnError if the ranks have not read the same text.
    """
    if run.settings.bits < 32:
        yield _about_bits(run.settings.bits, world)
    if world.size == 1 and (saved is None or saved.ranks == 1):
        return run
    refuse_other_texts(world, ", ".join(run.settings.corpus), run.data.fingerprint)
    division = _division(run, world, threads, saved)
    decided = run.settings, run.network, run.window, run.planned, division
    settings, network, window, planned, division = world.share(decided)
    run = replace(
        run,
        settings=replace(settings, threads=division.threads),
        network=network,
        window=window,
        planned=planned,
        ranks=division.ranks,
    )
    yield from _about(run, world)
    is_as_exact = run.settings.bits == 32 or division.ranks == saved.ranks if saved else True
    if saved and not (is_as_exact and division.same_bits(saved)):
        what = f"saved on {_in_words(saved)}, it goes on with {_in_words(division)}"
        yield Notice(f"{what}: the weights will differ in their last bits")
    return run


def _division(run: Run, world: World, threads: int | None, saved: Division | None) -> Division:
    windows = run.epochs * run.steps_an_epoch
    ranks = worthwhile_threads(run.flops, run.rows, run.steps, windows, world.size)
    if saved and saved.ranks == world.size:
        ranks = saved.ranks
    if saved and threads is None:  # as many shards as before
        return Division(ranks, saved.threads if saved.ranks == ranks else max(1, saved.shards // ranks))
    on_host = Counter(world.hosts)[world.hosts[world.rank]]
    asked = threads or max(1, usual_threads() // on_host)
    return Division(ranks, worthwhile_threads(run.flops, -(-run.rows // ranks), run.steps, windows, asked))


def _in_words(division: Division) -> str:
    return f"{counted(division.ranks, 'rank')} of {counted(division.threads, 'thread')}"


def _about_bits(bits: int, world: World) -> Notice:
    if world.size == 1:
        return Notice(f"--sum-bits {bits} changes nothing: one rank sends nothing", is_warning=True)
    return Notice(f"gradients travel in {bits} bits: the weights will differ in their last bits")


def _why_fewer(run: Run, ranks: int) -> str:
    """Return why fewer ranks have rows than there are."""
    if worthwhile_threads(math.inf, run.rows, run.steps, math.inf, ranks) <= run.ranks:
        return f"the batch has only {counted(run.rows, 'row')} (--batch)"
    if worthwhile_threads(run.flops, run.rows, run.steps, math.inf, ranks) <= run.ranks:
        return "a step is too small to gain from more (a larger --batch or --hidden would help)"
    return "the run is too short to gain from more"


def _about(run: Run, world: World) -> Iterator[Notice]:
    """Yield the line that describes the ranks, and warnings."""
    if world.size == 1:
        return
    on_hosts = Counter(world.hosts)
    hosts = ", ".join(f"{host}: {count}" for host, count in on_hosts.items())
    rows = -(-run.rows // run.ranks)
    yield Notice(
        f"{world.size} ranks on {counted(len(on_hosts), 'host')} ({hosts}), "
        f"{counted(rows, 'row')} and {counted(run.threads, 'thread')} a rank"
    )
    if run.ranks < world.size:
        yield Notice(
            f"only {run.ranks} of {world.size} ranks will have rows: {_why_fewer(run, world.size)}",
            is_warning=True,
        )
    host, cores = world.hosts[world.rank], available_threads()
    here = Division(on_hosts[host], run.threads)
    if here.shards > cores:
        yield Notice(
            f"{_in_words(here)} on {host}, which has {counted(cores, 'core')}: fewer are faster",
            is_warning=True,
        )


def whole(at: TrainingState, executor: Executor) -> TrainingState:
    """Return the state with the rows of all ranks, for saving. Raises RnnError if the ranks' parameters
    differ."""
    world = executor.team.world
    if world.size == 1:
        return at
    digests = world.numbers([_digest(at.p)])[:, 0]
    if (others := digests != digests[0]).any():
        rank = int(others.argmax())
        raise RnnError(
            f"the parameters of rank {rank} on {world.hosts[rank]} are not those of rank 0 on "
            f"{world.hosts[0]} (processors of different kinds?): --resume goes on from the last save"
        )
    good = at.good and replace(at.good, state=executor.all_rows(at.good.state))
    return replace(at, state=executor.all_rows(at.state), good=good)


def _digest(p: Parameters) -> float:
    """Return a hash of parameters as a whole number that a float64 can hold."""
    digest = hashlib.sha256()
    for array in p.values():
        digest.update(array.ravel("K").data)
    return float(int.from_bytes(digest.digest()[:6], "big"))


def own(at: TrainingState, executor: Executor) -> None:
    """Reduce a state with the rows of all ranks to the rows of this one."""
    if executor.team.world.size > 1:
        at.state = executor.own_rows(at.state)
        if at.good:
            at.good.state = executor.own_rows(at.good.state)
