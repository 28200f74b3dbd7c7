// The extension: what it offers while a workspace has scripts.
"use strict";

const vscode = require("vscode");
const client = require("./client");
const port = require("./port");
const tasks = require("./tasks");
const { Tests, runOne } = require("./testing");

/**
 * The script of a command: its argument, which the language server gives as text, else the one being edited.
 * @param {vscode.Uri | string | undefined} given
 */
function script(given) {
    if (typeof given === "string") {
        return vscode.Uri.parse(given);
    }
    return given ?? vscode.window.activeTextEditor?.document.uri;
}

/**
 * Runs what needs a trusted workspace, because it runs scripts.
 * @param {(uri: vscode.Uri) => unknown} action
 * @param {vscode.Uri | string | undefined} given
 */
async function trusted(action, given) {
    const uri = script(given);
    if (!vscode.workspace.isTrusted) {
        vscode.window.showErrorMessage("belay-script: trust this workspace to run its scripts");
    } else if (uri) {
        await action(uri);
    }
}

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
    const { registerCommand } = vscode.commands;
    context.subscriptions.push(
        registerCommand("belay-script.runFile", (uri) => trusted(tasks.runFile, uri)),
        registerCommand("belay-script.prompt", (uri) => trusted(tasks.prompt, uri)),
        registerCommand("belay-script.selectPort", port.select),
        registerCommand("belay-script.restartServer", async () => {
            await client.stop();
            await client.start();
        }),
        // Of the language server's code lenses.
        registerCommand("belay-script.run", (uri) => trusted(tasks.runFile, uri)),
        port.statusBar(),
        tasks.provider(),
    );
    offerTests(context);
    await client.start();
}

/**
 * Shows tests as soon as the workspace is trusted.
 * @param {vscode.ExtensionContext} context
 */
function offerTests(context) {
    if (!vscode.workspace.isTrusted) {
        context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => offerTests(context)));
        return;
    }
    const tests = new Tests();
    context.subscriptions.push(
        tests.disposable,
        vscode.commands.registerCommand("belay-script.test", (uri, name) =>
            trusted((found) => runOne(tests, found, name), uri)),
    );
}

function deactivate() {
    return client.stop();
}

module.exports = { activate, deactivate };
