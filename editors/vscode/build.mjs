// Bundles the extension into dist/extension.js, and the licences of the packages in it into dist/licenses.txt. The licence of the
// project comes from its root, or from `BELAY_SCRIPT_LICENSE` if the folder was copied elsewhere.
import { build } from "esbuild";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const { metafile } = await build({
    entryPoints: ["src/extension.js"],
    outfile: "dist/extension.js",
    bundle: true,
    minify: true,
    platform: "node",
    format: "cjs",
    target: "node18",
    external: ["vscode"],
    metafile: true,
});

const PACKAGE = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const packages = new Set(Object.keys(metafile.inputs).map((input) => input.match(PACKAGE)?.[1]).filter(Boolean));
const texts = [];
for (const name of [...packages].sort()) {
    const folder = path.join("node_modules", name);
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) {
        throw new Error(`${name} has no licence file`);
    }
    texts.push(`${name}\n\n${(await readFile(path.join(folder, file), "utf8")).trim()}\n`);
}
await writeFile("dist/licenses.txt", texts.join(`\n${"-".repeat(80)}\n\n`));
await copyFile(process.env.BELAY_SCRIPT_LICENSE ?? "../../LICENSE-MIT", "LICENSE");
