"""What is seen of a training while it runs: a bar, or a line a minute, in short numbers."""

import io
import json
import logging
import re
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub
from mmengine.runner import LogProcessor

from mmpose_replacement.engine import hooks
from mmpose_replacement.engine.hooks import ProgressBarHook, ShortLogProcessor, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (11.244205, "11.2"),
        (0.00029623918, "0.000296"),
        (3.986461963e-05, "3.99e-05"),
        (10.0, "10.0"),
        (0.0, "0.00"),
        (-1.0, "-1.00"),
        (123.4, "123"),
        (999.7, "1000"),
        (98765.4, "98765"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_has_three_digits(value, text):
    assert short(value) == text


class Runner(SimpleNamespace):
    """As much of a Runner as progress is read from."""

    def __init__(self, epochs: int, batches: int) -> None:
        super().__init__(iter=0, epoch=0, max_epochs=epochs, max_iters=epochs * batches, told=[])
        self.train_dataloader = range(batches)
        self.message_hub = MessageHub("progress")
        self.optim_wrapper = SimpleNamespace(get_lr=lambda: {"lr": [0.00123456]})
        self.logger = SimpleNamespace(info=self.told.append)


@pytest.fixture
def train(monkeypatch):
    """Run the hook over epochs of steps that take so many seconds by a clock of its own."""

    def call(epochs: int, batches: int, seconds: float) -> Runner:
        runner, clock = Runner(epochs, batches), SimpleNamespace(now=100.0)
        monkeypatch.setattr(hooks.time, "monotonic", lambda: clock.now)
        hook = ProgressBarHook()
        hook.before_train(runner)
        for runner.epoch in range(epochs):
            hook.before_train_epoch(runner)
            for batch in range(batches):
                clock.now += seconds
                runner.message_hub.update_scalar("train/loss", 1 / (runner.iter + 1))
                hook.after_train_iter(runner, batch, None, None)
                runner.iter += 1
            hook.after_train_epoch(runner)
        return runner

    return call


def test_a_line_a_minute_where_there_is_no_terminal(train):
    told = train(epochs=5, batches=100, seconds=1.0).told
    assert len(told) == 9  # after 10 s, then every 60 of 500 s
    assert re.fullmatch(
        r"epoch 1/5, batch 10/100: loss 0\.293, lr 0\.00123, all done in 08:10, "
        r"waits for data 0 %, [\d.]+ GiB.*",
        told[0],
    )
    assert told[1].startswith("epoch 1/5, batch 70/100: ")
    assert told[2].startswith("epoch 2/5, batch 30/100: ")


def test_slow_steps_are_told_one_by_one(train):
    assert len(train(epochs=1, batches=4, seconds=90.0).told) == 4


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_no_lines(train, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert train(epochs=2, batches=3, seconds=1.0).told == []
    assert re.search(
        r"epoch 2/2: 100%.* 3/3 .*loss 0\.408, lr 0\.00123, all done in 00:00", terminal.getvalue()
    )


def test_lines_are_short_and_what_is_stored_is_not(monkeypatch):
    values = {"loss": 11.244205, "count": 7}
    line = "Epoch(train) [1][ 5/28]  lr: 2.962392123e-04  eta: 0:00:04  time: 0.087098  loss: nan"
    monkeypatch.setattr(LogProcessor, "get_log_after_iter", lambda *_: (values, line))
    stored, shown = ShortLogProcessor(by_epoch=True).get_log_after_iter(None, 0, "train")
    assert stored == values
    assert shown == ("Epoch(train) [1][ 5/28]  lr: 0.000296  eta: 0:00:04  time: 0.0871  loss: nan")


def test_a_training_says_each_thing_once(train_quietly, tmp_path, capsys):
    train_quietly(tmp_path, also=("default_hooks.logger.interval=1",))
    lines = [line.partition(" - INFO - ")[2] for line in capsys.readouterr().out.splitlines()]
    told = [line for line in lines if line]
    assert sorted(told) == sorted(set(told))
    assert not [line for line in told if "Epoch(train)" in line]
    figures = [line for line in told if line.startswith("Epoch(val)")][-1]
    numbers = re.findall(r": (\S+)", figures)
    assert numbers == [short(float(number)) for number in numbers]
    (log,) = tmp_path.glob("*/*.log")
    steps = re.findall(r"Epoch\(train\).*", log.read_text())
    stored = next(tmp_path.glob("*/vis_data/scalars.json")).read_text().splitlines()
    losses = [record["loss"] for record in map(json.loads, stored) if "loss" in record]
    assert [f"loss: {short(loss)}  " in step for loss, step in zip(losses, steps, strict=True)]
    assert any(len(str(loss)) > 10 for loss in losses)
    logging.shutdown()
