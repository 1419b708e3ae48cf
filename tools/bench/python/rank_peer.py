#!/usr/bin/env python3
"""Bare onnxruntime on the ranker's tower, one run of all rows at a time on one thread.

usage: rank_peer.py MODEL.onnx ROWS RUNS

Prints one JSON object with the milliseconds of each run, and a run's mean time on the processor. Needs onnxruntime and numpy.
"""
import json, sys, time
import numpy as np
import onnxruntime as ort

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
given = session.get_inputs()[0]
rows = np.random.default_rng(1).random((int(sys.argv[2]), given.shape[1]), dtype=np.float32)
for _ in range(20):
    session.run(None, {given.name: rows})
milliseconds = []
processor = time.process_time()
for _ in range(int(sys.argv[3])):
    started = time.perf_counter()
    session.run(None, {given.name: rows})
    milliseconds.append(1e3 * (time.perf_counter() - started))
processor = 1e3 * (time.process_time() - processor) / len(milliseconds)
print(json.dumps({'version': ort.__version__, 'ms': milliseconds, 'processor_ms': processor}))
