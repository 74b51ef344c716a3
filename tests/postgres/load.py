#!/usr/bin/env python3
"""Submits jobs to whichever hub process takes them, and checks afterwards what became of them.

load.py submit TOKEN_FILE ACKS STOP ADDRESS...   until the file STOP exists; one line an answer
load.py check TOKEN_FILE ACKS ADDRESS            none lost, none twice
A job keeps its Idempotency-Key until it is acknowledged, at whichever address that is.
"""
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request

JOB = {"command": ["true"], "requirements": {"class": "basic"}}
THREADS = 4


def read_token(path):
    with open(path, encoding="ascii") as file:
        return json.load(file)["token"]


def call(address, token, method, path, body=None, key=None):
    request = urllib.request.Request(address + path, method=method)
    request.add_header("Authorization", "Bearer " + token)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if key is not None:
        request.add_header("Idempotency-Key", key)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


class Load:
    def __init__(self, token, acks, stop, addresses):
        self.token = token
        self.acks = open(acks, "a", encoding="ascii")
        self.stop = stop
        self.addresses = addresses
        self.lock = threading.Lock()
        self.refused = {}

    def note(self, what):
        with self.lock:
            self.refused[what] = self.refused.get(what, 0) + 1

    def submit_one(self, key):
        turn = 0
        while True:
            try:
                job = call(self.addresses[turn % len(self.addresses)], self.token, "POST",
                           "/v1/jobs", JOB, key)
                with self.lock:
                    self.acks.write(f"{time.time():.3f} {key} {job['id']}\n")
                    self.acks.flush()
                return
            except urllib.error.HTTPError as error:
                if error.code == 503 and error.headers.get("Retry-After") is None:
                    self.note("503 without Retry-After")
                self.note(f"HTTP {error.code}")
                if error.code not in (503, 502, 307):
                    print(error.code, error.read().decode(), file=sys.stderr, flush=True)
            except (OSError, ValueError) as error:
                self.note(type(error).__name__)
            turn += 1
            time.sleep(0.02)

    def work(self, number):
        count = 0
        while not os.path.exists(self.stop):
            self.submit_one(f"{os.getpid()}-{number}-{count}")
            count += 1
            time.sleep(0.01)

    def run(self):
        threads = [threading.Thread(target=self.work, args=(n,)) for n in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        print(json.dumps(self.refused, sort_keys=True))


def check(token, acks, address):
    acknowledged = {}
    for line in open(acks, encoding="ascii"):
        _, key, job = line.split()
        if acknowledged.setdefault(key, job) != job:
            raise SystemExit(f"{key} became {acknowledged[key]} and {job}")
    jobs = set(acknowledged.values())
    if len(jobs) != len(acknowledged):
        raise SystemExit("two keys, one job")
    listed = set()
    after = ""
    while True:
        page = call(address, token, "GET", "/v1/jobs?limit=500" + after)
        names = [job["id"] for job in page["jobs"]]
        if listed & set(names):
            raise SystemExit("a job is listed twice")
        listed |= set(names)
        if not page.get("next"):
            break
        after = "&after=" + page["next"]
    if jobs - listed:
        raise SystemExit(f"lost: {sorted(jobs - listed)[:5]}")
    # Every key is repeated until it is acknowledged, so there is no other job.
    if listed - jobs:
        raise SystemExit(f"applied twice: {sorted(listed - jobs)[:5]}")
    print(f"{len(jobs)} jobs, none lost, none twice")


def main():
    token = read_token(sys.argv[2])
    if sys.argv[1] == "submit":
        Load(token, sys.argv[3], sys.argv[4], sys.argv[5:]).run()
    else:
        check(token, sys.argv[3], sys.argv[4])


main()
