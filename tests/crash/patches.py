"""What a test does to a process that trains, from inside: ends at a chosen place, and bugs."""

import os
import signal

from rnn_cli.runs.checkpoint import Saver
from rnn_cli.runs.log_file import LogFile
from rnn_cli.runs.trainer import Trainer
from rnn_cli.training import loop
from rnn_cli.training.loop import StepDone
from rnn_cli.training.parallel import executor
from rnn_cli.training.state import TrainingState


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_after_save(step, rollbacks=0):
    """Right after the first save at this step or later, and after so many rollbacks."""
    save = Saver.save

    def save_and_die(self, at, log):
        save(self, at, log)
        if at.step >= step and at.rollbacks >= rollbacks:
            die()

    Saver.save = save_and_die


def die_after_step(step):
    """Once this step has been shown, before any save."""
    following, shown = Trainer.__next__, [None]

    def following_or_die(self):
        if isinstance(shown[-1], StepDone) and shown[-1].step == step:
            die()
        shown.append(following(self))
        return shown[-1]

    Trainer.__next__ = following_or_die


def die_between(pair):
    """Between the two renamings of the process's pair of that number, from 1."""
    replace, seen = os.replace, []

    def replace_or_die(source, target):
        if target.name == "m.state.npz" and seen and seen[-1] == "m.npz" and seen.count("m.npz") == pair:
            die()
        seen.append(target.name)
        replace(source, target)

    os.replace = replace_or_die


def two_processes():
    """Also for a network that is too small to gain from them."""
    executor.STEP_FLOPS = executor.RUN_FLOPS = 0


# Bugs: each loses something when a run goes on.


def _after_unpack(lose):
    """lose(state, what it was at the run's beginning)."""
    unpack = TrainingState.unpack

    def unpack_and_lose(self, arrays, rest):
        first = {name: array.copy() for name, array in self.moments.items()}
        unpack(self, arrays, rest)
        lose(self, first)

    TrainingState.unpack = unpack_and_lose


def lose_moments():
    _after_unpack(lambda at, first: [at.moments[name].__setitem__(..., first[name]) for name in first])


def lose_a_window():
    _after_unpack(lambda at, _: setattr(at, "window", at.window + 1))


def lose_carried_state():
    _after_unpack(lambda at, _: [s.fill(0) for s in at.state.values()])


def lose_the_best():
    _after_unpack(lambda at, _: at.forget_best())


def lose_lr_factor():
    _after_unpack(lambda at, _: setattr(at, "lr_factor", 1.0))


def restart_schedule():
    factor, first = loop.learning_rate_factor, []

    def restarted(schedule, progress, warmup):
        first.append(progress)
        return factor(schedule, progress - first[0], warmup)

    loop.learning_rate_factor = restarted


def restart_dropout():
    dropout, first = loop.Dropout, []

    def restarted(drop, seed):
        *rest, step = seed
        first.append(step)
        return dropout(drop, (*rest, step - first[0]))

    loop.Dropout = restarted


def keep_rows():
    """The log's rows that are written again."""
    remove = LogFile._remove_after
    LogFile._remove_after = lambda self, file, own: remove(self, file, None)
