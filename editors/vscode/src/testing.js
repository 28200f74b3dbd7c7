// The tests of scripts in the editor's side bar: `belay-script test --list` finds them, `belay-script test` runs them.
"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");
const vscode = require("vscode");
const { Lines, failed, measured, pathOf } = require("./events");
const { explain, folder, options, run, settings } = require("./program");

const FILES = "**/{test_*,*_test}.rhai";

/** @typedef {import("./events").Event} Event */

/**
 * The part of a listed name before what is computed at run time.
 * @param {string} name
 */
function known(name) {
    return name.split("…")[0];
}

/**
 * A line in the editor: belay-script counts from 1.
 * @param {number} line
 */
function range(line) {
    const number = Math.max(line - 1, 0);
    return new vscode.Range(number, 0, number, 0);
}

/** The tests of the workspace. */
class Tests {
    constructor() {
        this.controller = vscode.tests.createTestController("belay-script", "belay-script");
        this.controller.resolveHandler = (item) => (item ? this.list(item) : this.find());
        this.controller.refreshHandler = () => this.find();
        const { Run } = vscode.TestRunProfileKind;
        this.controller.createRunProfile("Run", Run, (request, token) => this.run(request, token, []), true);
        this.controller.createRunProfile("Run on simulated boards", Run, (request, token) =>
            this.run(request, token, ["--simulate"]));
        const watcher = vscode.workspace.createFileSystemWatcher(FILES);
        watcher.onDidCreate((uri) => this.file(uri));
        watcher.onDidDelete((uri) => this.controller.items.delete(uri.toString()));
        watcher.onDidChange((uri) => this.list(this.file(uri)));
        const opened = vscode.workspace.onDidOpenTextDocument((document) => {
            const item = this.controller.items.get(document.uri.toString());
            if (item) {
                this.list(item);
            }
        });
        this.disposable = vscode.Disposable.from(this.controller, watcher, opened);
    }

    /** Finds the files with tests. */
    async find() {
        for (const uri of await vscode.workspace.findFiles(FILES)) {
            this.file(uri);
        }
    }

    /**
     * The item of a file, which is made if it is missing.
     * @param {vscode.Uri} uri
     */
    file(uri) {
        const known = this.controller.items.get(uri.toString());
        if (known) {
            return known;
        }
        const item = this.controller.createTestItem(uri.toString(), path.basename(uri.fsPath), uri);
        item.description = vscode.workspace.asRelativePath(path.dirname(uri.fsPath));
        item.canResolveChildren = true;
        this.controller.items.add(item);
        return item;
    }

    /**
     * Lists the tests of a file, without running it.
     * @param {vscode.TestItem} item
     */
    async list(item) {
        const { uri } = item;
        if (!uri) {
            return;
        }
        let result;
        try {
            result = await run(uri, ["test", uri.fsPath, "--list", "--jsonl", "-"]);
        } catch (error) {
            item.error = error instanceof Error ? error.message : String(error);
            return;
        }
        /** @type {Event[]} */
        const found = [];
        new Lines((event) => found.push(event)).add(result.stdout);
        // Status 2 and no test: the file has a mistake, or no tests.
        item.error = result.status !== 0 && found.length === 0 ? result.stderr.trim() : undefined;
        item.children.replace([]);
        for (const event of found) {
            this.add(item, event);
        }
    }

    /**
     * Adds a test below the items of its groups.
     * @param {vscode.TestItem} file
     * @param {Event} event
     */
    add(file, event) {
        let parent = file;
        const names = [];
        for (const name of event.group ?? []) {
            names.push(name);
            parent = this.child(parent, `${file.id}#${names.join(" / ")}`, name, file.uri);
        }
        const test = this.child(parent, `${file.id}#${pathOf(event)}`, event.name ?? "", file.uri, event.line);
        test.tags = (event.tags ?? []).map((tag) => new vscode.TestTag(tag));
        return test;
    }

    /**
     * The child of this id, which is made if it is missing.
     * @param {vscode.TestItem} parent
     * @param {string} id
     * @param {string} label
     * @param {vscode.Uri | undefined} uri
     * @param {number} [line]
     */
    child(parent, id, label, uri, line) {
        const known = parent.children.get(id);
        if (known) {
            return known;
        }
        const item = this.controller.createTestItem(id, label, uri);
        item.range = line === undefined ? undefined : range(line);
        parent.children.add(item);
        return item;
    }

    /**
     * Runs the wanted tests, one file after the other.
     * @param {vscode.TestRunRequest} request
     * @param {vscode.CancellationToken} token
     * @param {string[]} more
     */
    async run(request, token, more) {
        if (!request.include) {
            await this.find();
        }
        const testRun = this.controller.createTestRun(request);
        /** @type {Map<vscode.TestItem, string[]>} Files, and the paths of tests in them; none: all. */
        const wanted = new Map();
        const chosen = request.include ?? [...this.controller.items].map(([, item]) => item);
        for (const item of chosen) {
            const file = fileOf(item);
            const names = wanted.get(file);
            if (item === file) {
                wanted.set(file, []);
            } else if (names === undefined || names.length > 0) {
                wanted.set(file, [...(names ?? []), item.id.slice(file.id.length + 1)]);
            }
        }
        const left = (request.exclude ?? []).map((item) => `!${item.id.slice(fileOf(item).id.length + 1)}`);
        for (const [file, names] of wanted) {
            if (token.isCancellationRequested) {
                break;
            }
            await this.runFile(testRun, file, [...names, ...left].flatMap((name) => ["-k", known(name)]), more, token);
        }
        testRun.end();
    }

    /**
     * Runs tests of one file.
     * @param {vscode.TestRun} testRun
     * @param {vscode.TestItem} file
     * @param {string[]} choice
     * @param {string[]} more
     * @param {vscode.CancellationToken} token
     */
    async runFile(testRun, file, choice, more, token) {
        const uri = file.uri;
        if (!uri) {
            return;
        }
        await vscode.workspace.saveAll(false);
        const args = ["test", uri.fsPath, "--jsonl", "-", ...choice, ...options(uri), ...more];
        const child = spawn(settings(uri).path, args, { cwd: folder(uri) });
        // As Ctrl-C: teardowns run.
        const cancelled = token.onCancellationRequested(() => child.kill("SIGINT"));
        const events = new Results(this, testRun, file);
        const lines = new Lines((event) => events.add(event));
        let said = "";
        child.stdout.setEncoding("utf8").on("data", (chunk) => lines.add(chunk));
        child.stderr.setEncoding("utf8").on("data", (chunk) => {
            said += chunk;
            testRun.appendOutput(chunk.replace(/\r?\n/g, "\r\n"));
        });
        const failure = await new Promise((resolve) => {
            child.on("error", (error) => resolve(explain(error)));
            child.on("close", () => resolve(undefined));
        });
        cancelled.dispose();
        events.finish(failure ?? (events.hasBegun ? undefined : said.trim()));
    }
}

/** Turns the events of one run into results of items. */
class Results {
    /**
     * @param {Tests} tests
     * @param {vscode.TestRun} testRun
     * @param {vscode.TestItem} file
     */
    constructor(tests, testRun, file) {
        this.tests = tests;
        this.testRun = testRun;
        this.file = file;
        /** @type {Map<number, vscode.TestItem>} */
        this.running = new Map();
        /** @type {Map<number, vscode.TestMessage[]>} */
        this.messages = new Map();
        this.hasBegun = false;
        /** @type {vscode.TestMessage | undefined} */
        this.error = undefined;
        this.seconds = 0;
    }

    /** @param {Event} event */
    add(event) {
        const number = event.test ?? 0;
        switch (event.event) {
            case "test_begun": {
                this.hasBegun = true;
                const item = this.tests.add(this.file, event);
                this.running.set(number, item);
                this.messages.set(number, []);
                this.testRun.started(item);
                break;
            }
            case "measured":
                if (event.outcome === "fail") {
                    this.messages.get(number)?.push(new vscode.TestMessage(measured(event)));
                }
                break;
            case "output":
                this.testRun.appendOutput((event.text ?? "").replace(/\r?\n/g, "\r\n"), undefined, this.running.get(number));
                break;
            case "test_ended":
                this.end(number, event);
                break;
            case "run_ended":
                this.hasBegun = true;
                this.seconds = event.duration_s ?? 0;
                this.error = event.error ? message(event.error) : undefined;
                break;
        }
    }

    /**
     * A test has ended.
     * @param {number} number
     * @param {Event} event
     */
    end(number, event) {
        const item = this.running.get(number);
        if (!item) {
            return;
        }
        this.running.delete(number);
        const messages = [...(this.messages.get(number) ?? []), ...(event.error ? [message(event.error)] : [])];
        const duration = (event.duration_s ?? 0) * 1000;
        switch (event.outcome) {
            case "pass":
            case "marginal":
                this.testRun.passed(item, duration);
                break;
            case "skip":
                this.testRun.skipped(item);
                break;
            case "fail":
                this.testRun.failed(item, messages, duration);
                break;
            default:
                this.testRun.errored(item, messages, duration);
        }
    }

    /**
     * The process has ended; `failure`: it did not run.
     * @param {string | undefined} failure
     */
    finish(failure) {
        const error = failure ? new vscode.TestMessage(failure) : this.error;
        for (const item of this.running.values()) {
            this.testRun.errored(item, error ?? new vscode.TestMessage("the run ended before the test"));
        }
        // A file without an error has the state of its tests.
        if (error) {
            this.testRun.errored(this.file, error, this.seconds * 1000);
        }
    }
}

/**
 * A failure at its first place.
 * @param {import("./events").Failure} failure
 */
function message(failure) {
    const made = new vscode.TestMessage(failed(failure));
    // The last place is in the test itself.
    const place = failure.places?.[failure.places.length - 1];
    if (place && path.isAbsolute(place.file)) {
        const position = new vscode.Position(Math.max(place.line - 1, 0), Math.max(place.column - 1, 0));
        made.location = new vscode.Location(vscode.Uri.file(place.file), position);
    }
    return made;
}

/**
 * The item of a test's file.
 * @param {vscode.TestItem} item
 */
function fileOf(item) {
    let file = item;
    while (file.parent) {
        file = file.parent;
    }
    return file;
}

/**
 * Runs one test by its path, for the code lens above it.
 * @param {Tests} tests
 * @param {vscode.Uri} uri
 * @param {string} name
 */
async function runOne(tests, uri, name) {
    const file = tests.file(uri);
    await tests.list(file);
    const item = find(file, `${file.id}#${name}`) ?? file;
    const source = new vscode.CancellationTokenSource();
    await tests.run(new vscode.TestRunRequest([item]), source.token, []);
}

/**
 * The item of this id below another one.
 * @param {vscode.TestItem} item
 * @param {string} id
 * @returns {vscode.TestItem | undefined}
 */
function find(item, id) {
    if (item.id === id) {
        return item;
    }
    for (const [, child] of item.children) {
        const found = find(child, id);
        if (found) {
            return found;
        }
    }
    return undefined;
}

module.exports = { Tests, runOne };
