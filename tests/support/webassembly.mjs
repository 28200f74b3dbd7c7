// MicroPython's WebAssembly port as a board: its REPL on standard input and output, which are a terminal or pipes.
//
// node webassembly.mjs PATH-OF-micropython.mjs
//
// It runs in one thread, so nothing is read while a program runs: Ctrl-C waits until the program has ended, and `sys.stdin`
// of a program raises OSError.
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { loadMicroPython } = await import(pathToFileURL(process.argv[2]));
const LINE_FEED = 10;
const MOST_HELD = 4096;
let held = [];

function flush() {
    let bytes = Uint8Array.from(held);
    held = [];
    while (bytes.length) {
        try {
            bytes = bytes.subarray(writeSync(1, bytes));
        } catch (error) {
            if (error.code !== "EAGAIN") process.exit(1);
            // The reader is slower. A thread cannot poll in Node, but wait.
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
    }
}

const micropython = await loadMicroPython({
    linebuffer: false,
    stdout(bytes) {
        held.push(...bytes);
        if (bytes.includes(LINE_FEED) || held.length >= MOST_HELD) flush();
    },
});
process.stdin.setRawMode?.(true);
process.stdin.on("data", (data) => {
    for (const byte of data) {
        if (micropython.replProcessChar(byte)) {
            flush();
            process.exit();
        }
    }
    flush();
});
process.stdin.on("end", () => process.exit());
micropython.replInit();
flush();
