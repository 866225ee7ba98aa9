"""PPO as CleanRL writes it (Huang et al. 2022, `ppo_multidiscrete.py`), in PyTorch on the CPU, beside ours in one run.

    pip install torch numpy
    cargo build --release -p restock-trainer
    python3 host-trainer/benches/peers/pytorch_ppo.py

Same networks, minibatches and epochs; ours runs the embedded default supply chain, this one an environment that costs
next to nothing (observations by chance, a sum as reward), which favours it. `RESTOCK` names another binary, `SECONDS`
how long each figure takes [4].
"""

import json
import os
import subprocess
import time

import numpy as np
import torch
from torch import nn
from torch.distributions.categorical import Categorical

SECONDS = float(os.environ.get("SECONDS", 4))
RESTOCK = os.environ.get("RESTOCK", "target/release/restock")
HEADS = (25, 16, 3, 4, 4, 8)
FEATURES, TRACKS, STEPS, EPOCHS, MINIBATCH = 36, 800, 32, 4, 1024
GAMMA, LAMBDA, CLIP = 0.99, 0.95, 0.2


class TrivialEnvironment:
    """As many tracks as four replicas of 200 products, all at once."""

    def __init__(self):
        self.chance = np.random.default_rng(1)

    def step(self, actions):
        observation = self.chance.standard_normal((TRACKS, FEATURES), dtype=np.float32)
        return observation, actions.sum(1).astype(np.float32)


def layer(inputs, outputs, gain=2**0.5):
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, gain)
    nn.init.zeros_(linear.bias)
    return linear


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic = nn.Sequential(layer(FEATURES, 64), nn.ReLU(), layer(64, 64), nn.ReLU(), layer(64, 1, 1.0))
        self.actor = nn.Sequential(layer(FEATURES, 32), nn.ReLU(), layer(32, 32), nn.ReLU(), layer(32, sum(HEADS), 0.01))

    def act(self, x, action=None):
        heads = [Categorical(logits=logits) for logits in torch.split(self.actor(x), HEADS, dim=1)]
        if action is None:
            action = torch.stack([head.sample() for head in heads])
        log_prob = torch.stack([head.log_prob(a) for a, head in zip(action, heads)]).sum(0)
        entropy = torch.stack([head.entropy() for head in heads]).sum(0)
        return action.T, log_prob, entropy, self.critic(x)


def update(agent, optimizer, b):
    for _ in range(EPOCHS):
        order = torch.randperm(len(b["x"]))
        for start in range(0, len(order), MINIBATCH):
            i = order[start : start + MINIBATCH]
            _, log_prob, entropy, value = agent.act(b["x"][i], b["action"][i].T)
            log_ratio = log_prob - b["log_prob"][i]
            ratio = log_ratio.exp()
            advantage = b["advantage"][i]
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            policy_loss = torch.max(-advantage * ratio, -advantage * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
            value_loss = 0.5 * ((value.view(-1) - b["return"][i]) ** 2).mean()
            loss = policy_loss - 0.001 * entropy.mean() + 0.5 * value_loss
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimizer.step()


def experience(agent, environment, x):
    kept = {k: [] for k in ("x", "action", "log_prob", "value", "reward")}
    with torch.no_grad():
        for _ in range(STEPS):
            action, log_prob, _, value = agent.act(x)
            observation, reward = environment.step(action.numpy())
            for name, it in zip(kept, (x, action, log_prob, value.view(-1), torch.from_numpy(reward))):
                kept[name].append(it)
            x = torch.from_numpy(observation)
        following, advantages, last = agent.critic(x).view(-1), [None] * STEPS, 0
        for t in reversed(range(STEPS)):
            delta = kept["reward"][t] + GAMMA * following - kept["value"][t]
            advantages[t] = last = delta + GAMMA * LAMBDA * last
            following = kept["value"][t]
    batch = {name: torch.cat(rows) for name, rows in kept.items()}
    batch["advantage"] = torch.cat(advantages)
    batch["return"] = batch["advantage"] + batch["value"]
    return batch, x


def rate(work):
    """Units of work a second, for SECONDS after a warm-up."""
    work()
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        done += work()
    return done / (time.perf_counter() - begun)


def measure(threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    agent, environment = Agent(), TrivialEnvironment()
    optimizer = torch.optim.Adam(agent.parameters(), lr=1e-3, eps=1e-5)
    x = torch.from_numpy(environment.step(np.zeros((TRACKS, 1)))[0])
    batch, _ = experience(agent, environment, x)

    def whole():
        nonlocal x
        batch, x = experience(agent, environment, x)
        update(agent, optimizer, batch)
        return STEPS * TRACKS

    def alone():
        update(agent, optimizer, batch)
        return EPOCHS * STEPS * TRACKS

    return rate(whole), rate(alone)


cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
ours = json.loads(subprocess.check_output([RESTOCK, "bench", "train", "--json", "-q", "--seconds", str(SECONDS)]))
figures = {f["what"]: f["per_second"] for f in ours["training"]["figures"]}
(all_whole, _), (one_whole, one_alone) = measure(cores), measure(1)
print(f"torch {torch.__version__}, {cores} threads; per second   ours      PyTorch   times")
for what, mine, theirs in (
    ("end to end, all threads", figures["training agent-steps, end to end, all threads"], max(all_whole, one_whole)),
    ("end to end, one thread", figures["training agent-steps, end to end, one thread"], one_whole),
    ("samples of an update, one thread", figures["samples of an update alone, fused"], one_alone),
):
    print(f"{what:40} {mine:12,.0f} {theirs:12,.0f} {mine / theirs:7.1f}")
