// The program `belay-script`: how it is called, and what the settings add.
"use strict";

const { execFile } = require("node:child_process");
const path = require("node:path");
const vscode = require("vscode");

/**
 * The settings for a file.
 * @param {vscode.Uri} [uri]
 */
function settings(uri) {
    const all = vscode.workspace.getConfiguration("belay-script", uri);
    return {
        /** @type {string} */
        path: all.get("path", "belay-script"),
        /** @type {string} */
        port: all.get("port", ""),
        /** @type {string[]} */
        more: all.get("arguments", []),
    };
}

/**
 * The folder in which the program runs for a file: its workspace folder, else its own.
 * @param {vscode.Uri} uri
 */
function folder(uri) {
    return vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? path.dirname(uri.fsPath);
}

/**
 * The options that choose the board, and those of the user.
 * @param {vscode.Uri} uri
 */
function options(uri) {
    const { port, more } = settings(uri);
    return port ? ["--port", port, ...more] : more;
}

/**
 * Runs the program to its end. Rejects if it cannot start; a status other than 0 is in the result.
 * @param {vscode.Uri | undefined} uri
 * @param {string[]} args
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
function run(uri, args) {
    const limits = { cwd: uri && folder(uri), timeout: 30_000, maxBuffer: 16 << 20 };
    return new Promise((resolve, reject) => {
        execFile(settings(uri).path, args, limits, (error, stdout, stderr) => {
            if (error && typeof error.code !== "number") {
                reject(new Error(explain(error)));
            } else {
                resolve({ status: Number(error?.code ?? 0), stdout, stderr });
            }
        });
    });
}

/**
 * Why the program did not start or end, and what to do.
 * @param {{ code?: unknown, message: string }} error
 */
function explain(error) {
    return error.code === "ENOENT"
        ? "belay-script was not found: install it, or set `belay-script.path` to the program"
        : error.message;
}

module.exports = { explain, folder, options, run, settings };
