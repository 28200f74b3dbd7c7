// Runs scripts in the terminal: the button, the code lens, and tasks of tasks.json.
"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { folder, options, settings } = require("./program");

const TYPE = "belay-script";

/**
 * The task that runs a script.
 * @param {vscode.Uri} uri
 * @param {vscode.TaskDefinition} definition
 */
function task(uri, definition) {
    const args = ["run", uri.fsPath, ...options(uri), ...(definition.arguments ?? [])];
    const execution = new vscode.ProcessExecution(settings(uri).path, args, { cwd: folder(uri) });
    const scope = vscode.workspace.getWorkspaceFolder(uri) ?? vscode.TaskScope.Workspace;
    return new vscode.Task(definition, scope, path.basename(uri.fsPath), TYPE, execution, "$belay-script");
}

/**
 * Runs a script in a terminal.
 * @param {vscode.Uri} uri
 */
async function runFile(uri) {
    const document = await vscode.workspace.openTextDocument(uri);
    if (document.isDirty && !(await document.save())) {
        return;
    }
    await vscode.tasks.executeTask(task(uri, { type: TYPE, file: uri.fsPath }));
}

/** Completes tasks of tasks.json; lists none, as every script may be one. */
function provider() {
    return vscode.tasks.registerTaskProvider(TYPE, {
        provideTasks: () => [],
        resolveTask(given) {
            const { file } = given.definition;
            const base = vscode.workspace.workspaceFolders?.[0]?.uri;
            if (typeof file !== "string" || !(path.isAbsolute(file) || base)) {
                return undefined;
            }
            const uri = path.isAbsolute(file) || !base ? vscode.Uri.file(file) : vscode.Uri.joinPath(base, file);
            return task(uri, given.definition);
        },
    });
}

/**
 * Opens the prompt in a terminal, with the names of a script.
 * @param {vscode.Uri | undefined} uri
 */
function prompt(uri) {
    const load = uri ? ["--load", uri.fsPath] : [];
    const { path: shellPath, port } = settings(uri);
    const shellArgs = ["repl", ...load, ...(port ? ["--port", port] : [])];
    vscode.window.createTerminal({ name: "belay-script", shellPath, shellArgs, cwd: uri && folder(uri) }).show();
}

module.exports = { prompt, provider, runFile };
