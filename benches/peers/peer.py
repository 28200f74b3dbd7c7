"""Measures Belay or mpremote at a board: peer.py belay|mpremote SYNC-FOLDER PORT CONNECT-PORT...

Prints a line of JSON for each figure: what it is, and its seconds or the error. An empty folder: the board has no file system. Each of
the ports for connecting is opened once.
"""

import json
import os
import sys
import time

# Seconds that a round may take, and rounds at most.
SHARE, ROUNDS = 0.05, 3
KILOBYTE = bytes(32 + number * 75 % 224 for number in range(1000))
SAME = "def same(x):\n return x\n"
CODE = SAME + (
    "def size(x):\n return len(x)\n"
    "def text():\n return 'abcdefghij' * 100\n"
    "def count(n):\n for i in range(n):\n  yield i\n"
    "def say(n):\n for i in range(n):\n  print(i)\n"
)
THING = "class C:pass\nthing=C()\nthing.v=5\n"

out = sys.stdout
# What the board prints.
sys.stdout = open(os.devnull, "w")


def report(what, **found):
    print(json.dumps({"what": what, **found}), file=out, flush=True)


def measure(what, work, each=1, share=SHARE, rounds=ROUNDS):
    """The best round of `work(count)`, by its count; slow work is done once."""
    try:
        begun = time.perf_counter()
        work(each)
        best = (time.perf_counter() - begun) / each
        count = each * max(1, int(share / best / each)) if best else each
        for _ in range(rounds if best * each < 0.5 else 0):
            begun = time.perf_counter()
            work(count)
            best = min(best, (time.perf_counter() - begun) / count)
        report(what, seconds=best)
    except Exception as error:
        report(what, error=f"{type(error).__name__}: {error}"[:200])


def source():
    lines = []
    while sum(map(len, lines)) < 4096:
        number = sum(map(len, lines))
        lines.append(
            f"# Converts the reading number {number} of the converter to volts.\n"
            f"def convert_{number}(reading, reference = 3.3):\n"
            f"    volts = reading * reference / 65535\n    return round(volts, 3)\n"
        )
    return "".join(lines)


def check(value, expected):
    if value != expected:
        raise ValueError(f"{value!r:.40} in place of {expected!r:.40}")


class Belay:
    def __init__(self, port, is_small):
        import belay

        class Bench(belay.Device):
            @belay.Device.task
            def same(x):
                return x

            @belay.Device.task
            def size(x):
                return len(x)

            @belay.Device.task
            def text():
                return "abcdefghij" * 100

            @belay.Device.task
            def count(n):
                for i in range(n):
                    yield i

            @belay.Device.task
            def say(n):
                for i in range(n):
                    print(i)

        class Small(belay.Device):
            @belay.Device.task
            def same(x):
                return x

        # A small board has nothing of the default imports.
        self.options = {"startup": "", "auto_sync_time": False} if is_small else {}
        self.small = Small
        self.device = Bench(port, **self.options)
        self.device(THING)
        self.thing = self.device.proxy("thing")

    def connect(self, port):
        device = self.small(port, **self.options)
        check(device.same(5), 5)
        device.close()

    def call(self):
        check(self.device.same(5), 5)

    def send(self):
        check(self.device.size(KILOBYTE), 1000)

    def receive(self):
        check(len(self.device.text()), 1000)

    def items(self, count):
        check(sum(1 for _ in self.device.count(count)), count)

    def lines(self, count):
        self.device.say(count)

    def attribute(self):
        check(self.thing.v, 5)

    def run(self, code):
        self.device(code)

    def sync(self, folder):
        self.device.sync(folder, "/bench")


class Mpremote:
    def __init__(self, port, is_small):
        self.link = self.open(port)
        self.link.exec(CODE + THING)

    def open(self, port):
        from mpremote.transport_serial import SerialTransport

        link = SerialTransport(port, baudrate=115200)
        link.enter_raw_repl(soft_reset=False)
        return link

    def connect(self, port):
        link = self.open(port)
        link.exec(SAME)
        check(link.eval("same(5)"), 5)
        link.close()

    def call(self):
        check(self.link.eval("same(5)"), 5)

    def send(self):
        check(self.link.eval(f"size({KILOBYTE!r})"), 1000)

    def receive(self):
        check(len(self.link.eval("text()")), 1000)

    def items(self, count):
        self.link.exec(f"g=count({count})")
        for number in range(count):
            check(self.link.eval("next(g)"), number)

    def lines(self, count):
        self.link.exec(f"say({count})", data_consumer=lambda data: None)

    def attribute(self):
        check(self.link.eval("thing.v"), 5)

    def run(self, code):
        self.link.exec(code)

    def sync(self, folder):
        # What `cp -r` does with each file.
        import hashlib

        from mpremote.transport import TransportError

        if not self.link.fs_exists("/bench"):
            self.link.fs_mkdir("/bench")
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            try:
                same = self.link.fs_hashfile(f"/bench/{name}", "sha256") == hashlib.sha256(content).digest()
            except (OSError, TransportError):
                same = False
            if not same:
                self.link.fs_writefile(f"/bench/{name}", content)


def main(name, folder, port, *ports):
    try:
        peer = (Belay if name == "belay" else Mpremote)(port, not folder)
    except Exception as error:
        report("", error=f"{type(error).__name__}: {error}"[:200])
        return
    repeat = lambda work: lambda count: [work() for _ in range(count)]
    measure("call with an int", repeat(peer.call))
    measure("1 KB of bytes to the board", repeat(peer.send))
    measure("1 KB of str from the board", repeat(peer.receive))
    measure("item of a generator", peer.items, each=20)
    measure("line that a task prints", peer.lines, each=100)
    measure("attribute of a proxy", repeat(peer.attribute))
    if folder:
        code = source()
        measure("`exec` of 4 KB", repeat(lambda: peer.run(code)))
        measure("sync: 10 files sent", repeat(lambda: peer.sync(folder)), share=0, rounds=0)
        measure("sync: nothing changed", repeat(lambda: peer.sync(folder)))
    ports = list(ports)
    measure("connecting, to the first value", repeat(lambda: peer.connect(ports.pop())), share=0)


main(*sys.argv[1:])
