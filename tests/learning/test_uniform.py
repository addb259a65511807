"""The control of A-GEM, and the two bounds."""

import numpy as np
import torch
from helpers import make_learner


def flat(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_uniform_replay_is_agem_without_projection_bit_for_bit(monkeypatch):
    agem, uniform = make_learner("agem"), make_learner("uniform")
    monkeypatch.setattr(agem.update, "adjusted", lambda gradient: gradient)
    for task in range(3):
        for learner in (agem, uniform):
            learner.start_task(task)
            for position in range(8 * task, 8 * task + 8):
                learner.learn(np.array([position]))
    assert torch.equal(flat(agem.network), flat(uniform.network))


def drawn_in(method, task):
    learner = make_learner(method, task=task)
    learner.memory.add(np.arange(8 * task, 8 * task + 4))
    return set(np.concatenate([learner.batches.draw(np.array([0])) for _ in range(60)]).tolist())


def test_finetuning_sees_the_current_task_alone():
    assert drawn_in("finetune", 2) == set(range(16, 20))


def test_the_upper_bound_sees_the_whole_stream():
    assert drawn_in("iid", 2) == set(range(40))
    learner = make_learner("iid")
    assert len(learner.memory) == 40
    assert learner.bytes_held() == 40 * 16
