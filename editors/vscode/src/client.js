// Starts `belay-script lsp` for scripts, and stops it.
"use strict";

const vscode = require("vscode");
const { settings } = require("./program");

/** @type {import("vscode-languageclient/node").LanguageClient | undefined} */
let client;

/** The package of the client. The packaged extension always contains it. */
function library() {
    try {
        return require("vscode-languageclient/node");
    } catch {
        return undefined;
    }
}

/** Starts the server, unless a setting forbids it. */
async function start() {
    const isWanted = vscode.workspace.getConfiguration("belay-script").get("languageServer", true);
    if (client || !isWanted) {
        return;
    }
    const found = library();
    if (!found) {
        const text = "belay-script: run `npm install --omit=dev` in the folder of this extension for its language server";
        vscode.window.showWarningMessage(text);
        return;
    }
    const server = { command: settings().path, args: ["lsp"] };
    client = new found.LanguageClient("belay-script", "belay-script", server, {
        documentSelector: [{ language: "rhai", scheme: "file" }, { language: "rhai", scheme: "untitled" }],
        synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.rhai,station.toml}") },
    });
    try {
        await client.start();
    } catch (error) {
        client = undefined;
        const reason = error instanceof Error ? error.message : String(error);
        vscode.window.showErrorMessage(`belay-script: the language server did not start: ${reason}`);
    }
}

/** Stops the server, if it runs. */
async function stop() {
    const running = client;
    client = undefined;
    await running?.stop();
}

module.exports = { start, stop };
