// The port in the status bar, and the list from which it is chosen.
"use strict";

const vscode = require("vscode");
const { run, settings } = require("./program");

/**
 * One board of `belay-script devices --json`, as far as it is shown.
 * @typedef {{ port: string, product: string | null, manufacturer: string | null }} Board
 */

/** Shows the port while a script is edited. */
function statusBar() {
    const item = vscode.window.createStatusBarItem("belay-script.port", vscode.StatusBarAlignment.Left);
    item.name = "belay-script: port";
    item.command = "belay-script.selectPort";
    item.tooltip = "Select the port for scripts";
    const update = () => {
        const document = vscode.window.activeTextEditor?.document;
        if (document?.languageId !== "rhai") {
            item.hide();
            return;
        }
        item.text = `$(plug) ${settings(document.uri).port || "only board"}`;
        item.show();
    };
    update();
    return vscode.Disposable.from(
        item,
        vscode.window.onDidChangeActiveTextEditor(update),
        vscode.workspace.onDidChangeConfiguration(update),
    );
}

/** @returns {Promise<Board[]>} */
async function boards() {
    const { status, stdout, stderr } = await run(undefined, ["devices", "--json"]);
    if (status !== 0) {
        throw new Error(stderr.trim());
    }
    return JSON.parse(stdout);
}

/** Lets the user choose a port, and stores it in the settings of the workspace. */
async function select() {
    const OTHER = "Other …";
    /** @type {vscode.QuickPickItem[]} */
    const fixed = [
        { label: "", description: "The only board that is plugged in", detail: "No --port" },
        { label: "sim", description: "A simulated board" },
        { label: OTHER, description: "Type a port" },
    ];
    const plugged = boards().then((found) => [
        ...found.map((board) => ({ label: board.port, description: [board.manufacturer, board.product].filter(Boolean).join(" ") })),
        ...fixed,
    ]);
    let items;
    try {
        items = await plugged;
    } catch (error) {
        vscode.window.showErrorMessage(`belay-script: ${error instanceof Error ? error.message : error}`);
        return;
    }
    const picked = await vscode.window.showQuickPick(items, { title: "Port for scripts" });
    const port = picked?.label === OTHER
        ? await vscode.window.showInputBox({ prompt: "A path, `usb:VID:PID`, or a name of station.toml" })
        : picked?.label;
    if (port === undefined) {
        return;
    }
    const target = vscode.workspace.workspaceFolders
        ? vscode.ConfigurationTarget.Workspace
        : vscode.ConfigurationTarget.Global;
    await vscode.workspace.getConfiguration("belay-script").update("port", port || undefined, target);
}

module.exports = { select, statusBar };
