#!/usr/bin/env python3
"""hnswlib (C++) in one space on the same vectors, one query at a time on one thread.

usage: hnswlib_peer.py VECTORS.npy QUERIES.npy --space augmented-l2 [--k 100] [--m 16] [--ef-construction 200] [--ef 100,200,400]
       [--build-threads 2] [--keep PREFIX]

VECTORS is [n, d] float32, QUERIES [q, d] float32; the task is the k largest inner products. Prints one JSON object: recall@k
against exact search, queries per second and build seconds. The spaces are "inner-product", vectors as they are, and "augmented-l2",
L2 with one more coordinate, sqrt(max|v|^2 - |v|^2). With --keep PREFIX the graph is kept there, with the seconds that it took,
and taken from there where it is. Needs numpy and hnswlib.
"""
import argparse, json, os, time
import numpy as np
import hnswlib

p = argparse.ArgumentParser()
p.add_argument('vectors'); p.add_argument('queries')
p.add_argument('--space', choices=['inner-product', 'augmented-l2'], required=True)
p.add_argument('--k', type=int, default=100); p.add_argument('--m', type=int, default=16)
p.add_argument('--ef-construction', type=int, default=200); p.add_argument('--ef', default='100,200,400')
p.add_argument('--build-threads', type=int, default=2); p.add_argument('--keep')
a = p.parse_args()
vectors, queries = np.load(a.vectors).astype('f4'), np.load(a.queries).astype('f4')
truth = [set(np.argpartition(-(vectors @ q), a.k)[:a.k].tolist()) for q in queries]
augmented = a.space == 'augmented-l2'
if augmented:
    norms = (vectors ** 2).sum(1)
    vectors = np.hstack([vectors, np.sqrt(norms.max() - norms)[:, None]]).astype('f4')
    queries = np.hstack([queries, np.zeros((len(queries), 1))]).astype('f4')

index = hnswlib.Index('l2' if augmented else 'ip', vectors.shape[1])
if a.keep and os.path.exists(a.keep + '.json'):
    index.load_index(a.keep + '.hnsw')
    build_seconds = json.load(open(a.keep + '.json'))['build_s']
else:
    index.init_index(len(vectors), M=a.m, ef_construction=a.ef_construction)
    index.set_num_threads(a.build_threads)
    started = time.perf_counter()
    index.add_items(vectors)
    build_seconds = time.perf_counter() - started
    if a.keep:
        index.save_index(a.keep + '.hnsw')
        with open(a.keep + '.json', 'w') as file:
            json.dump({'build_s': build_seconds}, file)
index.set_num_threads(1)
search = []
for ef in map(int, a.ef.split(',')):
    index.set_ef(max(ef, a.k))
    found = [index.knn_query(q, a.k)[0][0] for q in queries]
    # As our side: once through before, and for a second at least.
    started, searched = time.perf_counter(), 0
    while searched == 0 or time.perf_counter() - started < 1:
        for q in queries:
            index.knn_query(q, a.k)
        searched += len(queries)
    seconds = time.perf_counter() - started
    recall = float(np.mean([len(t & set(map(int, labels))) / a.k for t, labels in zip(truth, found)]))
    search.append({'ef': ef, 'recall': round(recall, 4), 'qps': round(searched / seconds)})
name = 'hnswlib l2-augmented' if augmented else 'hnswlib ip'
print(json.dumps({name: {'build_s': round(build_seconds, 1), 'search': search}}, indent=1))
