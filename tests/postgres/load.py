#!/usr/bin/env python3
"""Pays money into an account at whichever hub process takes it, and checks what became of it.

load.py pay TOKEN_FILE ACKS STOP ADDRESS...   until the file STOP exists
load.py check TOKEN_FILE ACKS ADDRESS         none lost, none twice
A payment keeps its Idempotency-Key until it is acknowledged, at whichever address that is. Their
amounts are at random, so the balance shows a payment that was lost or made twice.
"""
import json
import os
import random
import sys
import threading
import time
import urllib.error
import urllib.request

ACCOUNT = "/v1/accounts/ada"
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

    def pay_once(self, key):
        turn = 0
        amount = random.randrange(1, 1_000_000)
        while True:
            try:
                call(self.addresses[turn % len(self.addresses)], self.token, "POST",
                     ACCOUNT + ":deposit", {"amount_micros": amount}, key)
                with self.lock:
                    self.acks.write(f"{time.time():.3f} {key} {amount}\n")
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
            self.pay_once(f"{os.getpid()}-{number}-{count}")
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
    expected = 0
    count = 0
    for line in open(acks, encoding="ascii"):
        expected += int(line.split()[2])
        count += 1
    balance = call(address, token, "GET", ACCOUNT)["balance_micros"]
    if int(balance) != expected:
        raise SystemExit(f"{count} payments make {expected}, but the balance is {balance}")
    print(f"{count} payments, none lost, none twice")


def main():
    token = read_token(sys.argv[2])
    if sys.argv[1] == "pay":
        Load(token, sys.argv[3], sys.argv[4], sys.argv[5:]).run()
    else:
        check(token, sys.argv[3], sys.argv[4])


main()
