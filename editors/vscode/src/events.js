// What `belay-script test --jsonl -` writes, line by line, as the parts of the editor's test run.
"use strict";

/**
 * A failure of an event. https://docs.rs/belay-script: `bench::event::Failure`.
 * @typedef {{ message: string, help?: string, places?: { file: string, line: number, column: number, label?: string }[] }} Failure
 */

/**
 * An event, as far as it is used here.
 * @typedef {{
 *     event: string, test?: number, name?: string, group?: string[], file?: string, line?: number, tags?: string[],
 *     outcome?: string, duration_s?: number, reason?: string, error?: Failure | null, board?: string | null, text?: string,
 *     value?: unknown, unit?: string, min?: number, max?: number, equals?: unknown, within_percent?: number, matches?: string,
 *     reasons?: string[], parts?: Event[],
 * }} Event
 */

/** Collects chunks of text into lines of JSON. */
class Lines {
    /** @param {(event: Event) => void} each */
    constructor(each) {
        this.each = each;
        this.rest = "";
    }

    /** @param {string} chunk */
    add(chunk) {
        const lines = (this.rest + chunk).split("\n");
        this.rest = lines.pop() ?? "";
        for (const line of lines) {
            if (line.trim()) {
                this.each(JSON.parse(line));
            }
        }
    }
}

/**
 * The path of a test: the names of its groups and its own.
 * @param {Event} event
 */
function pathOf(event) {
    return [...(event.group ?? []), event.name ?? ""].join(" / ");
}

/**
 * A measurement outside its limits, in one line.
 * @param {Event} event
 */
function measured(event) {
    const unit = event.unit ? ` ${event.unit}` : "";
    const limits = [];
    if (event.min != null || event.max != null) {
        limits.push(`[${event.min ?? "…"} … ${event.max ?? "…"}]`);
    }
    if (event.equals != null) {
        limits.push(`expected ${JSON.stringify(event.equals)}${event.within_percent ? ` ± ${event.within_percent} %` : ""}`);
    }
    if (event.matches != null) {
        limits.push(`matching ${event.matches}`);
    }
    const shown = limits.length > 0 ? `, limits ${limits.join(", ")}` : "";
    const why = reasons(event).map((reason) => `\n${reason}`);
    return `${event.name}: ${JSON.stringify(event.value)}${unit}${shown}${why.join("")}`;
}

/**
 * Why a measurement failed, its parts included.
 * @param {Event} event
 * @returns {string[]}
 */
function reasons(event) {
    const ofParts = (event.parts ?? []).flatMap((part) => reasons(part).map((reason) => `${part.name}: ${reason}`));
    return [...(event.reasons ?? []), ...ofParts];
}

/**
 * A failure as text: the message, and what to do.
 * @param {Failure} failure
 */
function failed(failure) {
    return failure.help ? `${failure.message}\nhelp: ${failure.help}` : failure.message;
}

module.exports = { Lines, failed, measured, pathOf };
