#!/usr/bin/env python3
"""Peer for the ranking model's training step: the same step in PyTorch.

One step = embedding bags (mean) of last watch, seed, video, channel, topics, surface, source, country and device, the first
three on one table, concatenated with numbers, ReLU tower, weighted logistic loss of each head, backward pass, sparse
optimizer on the tables, Adam on the tower. Ids are drawn anew for each step, numbers and weights once. Prints one JSON
object; `step_ms` is the figure. Needs torch (Debian: python3-torch libopenblas0-pthread).
"""
import argparse, json, math, time
import torch
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument('--videos', type=int, default=100_000)
p.add_argument('--rows', default='200,6,8,200,5', help='of topics, surfaces, sources, countries, devices')
p.add_argument('--numbers', type=int, default=120)
p.add_argument('--tower', default='128,64', help='hidden sizes')
p.add_argument('--heads', type=int, default=2)
p.add_argument('--batch', type=int, default=512)
p.add_argument('--steps', type=int, default=30)
p.add_argument('--optimizer', choices=['sparse_adam', 'adagrad'], default='adagrad')
p.add_argument('--threads', type=int, default=0)
a = p.parse_args()
if a.threads:
    torch.set_num_threads(a.threads)

rows = [1 + n for n in [a.videos, math.ceil(a.videos * 0.05)] + [int(x) for x in a.rows.split(',')]]
dims = [max(2, round(math.log(n))) for n in rows]
tables = [torch.nn.EmbeddingBag(n, d, mode='mean', sparse=True) for n, d in zip(rows, dims)]
inputs = [0, 0, 0, 1, 2, 3, 4, 5, 6]
sizes = [sum(dims[t] for t in inputs) + a.numbers] + [int(x) for x in a.tower.split(',')] + [a.heads]
layers = []
for i, (m, n) in enumerate(zip(sizes, sizes[1:])):
    layers += [torch.nn.Linear(m, n)] + ([torch.nn.ReLU()] if i < len(sizes) - 2 else [])
tower = torch.nn.Sequential(*layers)
weights = [t.weight for t in tables]
sparse = torch.optim.SparseAdam(weights, lr=1e-3) if a.optimizer == 'sparse_adam' else torch.optim.Adagrad(weights, lr=0.05)
dense = torch.optim.Adam(tower.parameters(), lr=1e-3)
numbers = torch.rand(a.batch, a.numbers)
positive = torch.where(torch.rand(a.batch, a.heads) < 0.3, torch.rand(a.batch, a.heads), torch.zeros(()))
negative = torch.ones(a.batch, a.heads)


def step():
    ids = [torch.randint(1, rows[t], (a.batch, 2 if t == 2 else 1)) for t in inputs]
    z = tower(torch.cat([tables[t](i) for t, i in zip(inputs, ids)] + [numbers], 1))
    loss = (positive * F.softplus(-z) + negative * F.softplus(z)).sum(1).mean()
    sparse.zero_grad(); dense.zero_grad()
    loss.backward()
    sparse.step(); dense.step()


for _ in range(8):
    step()
times = []
for _ in range(a.steps):
    t = time.perf_counter(); step(); times.append(time.perf_counter() - t)
times.sort()
median = times[len(times) // 2]
print(json.dumps({**vars(a), 'torch': torch.__version__, 'inputs': sizes[0], 'step_ms': round(median * 1e3, 3)}))
